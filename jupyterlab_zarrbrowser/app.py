"""The Jupyter server extension: traits, one Browser, its routes, and its end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Any as AnyTrait
from traitlets import Bool, Float, Int, default

from . import config, discovery, wire
from .browser import CLUSTER_BYTES, DAILY_OBJECTS, MAX_USAGE_OBJECTS, Browser
from .discovery import Offered
from .io_thread import IoThread
from .routes import routes
from .uploads import GRACE_HOURS


class ZarrBrowser(ExtensionApp):
    """Browse and open Zarr in object stores. Configured as ``c.ZarrBrowser`` in ``jupyter_server_config.py``."""

    name = "jupyterlab_zarrbrowser"
    app_name = "Zarr Browser"
    description = __doc__ or ""

    # `Any`, because traitlets prints the value of a List that it refuses, and this one may hold a secret.
    endpoints = AnyTrait(
        default_value=(),
        help="""List of dictionaries, one for each endpoint. `id` and `kind` (s3, gcs, azure, http, local) are required.

        c.ZarrBrowser.endpoints = [
            {"id": "js2", "kind": "s3", "endpoint_url": "https://js2.jetstream-cloud.org:8001/", "profile": "js2"},
            {"id": "cmip6", "title": "CMIP6 (public)", "kind": "gcs", "root": "gs://cmip6", "anon": True},
        ]
        """,
    ).tag(config=True)

    scratch = AnyTrait(
        default_value=(),
        help="""List of dictionaries that name scratch space.

        c.ZarrBrowser.scratch = [{"url_env": ["SCRATCH_BUCKET"], "lifetime_days": 7, "quota_bytes": 10**12}]
        """,
    ).tag(config=True)

    discover = Bool(
        help="""Offer the profiles of ~/.aws, the buckets that the environment names, and the server's own folder.
        On by default where no endpoints are configured.""",
    ).tag(config=True)

    cache_s = Float(300, help="Seconds for which answers of stores are remembered; Refresh asks again.").tag(
        config=True
    )

    max_usage_objects = Int(
        MAX_USAGE_OBJECTS, help="Objects after which a count of a folder or scratch space ends and says “at least”."
    ).tag(config=True)

    cluster_bytes = Int(
        CLUSTER_BYTES, help="Bytes from which on the panel offers a cell that copies on a Dask cluster."
    ).tag(config=True)

    count_scratch_daily = Bool(
        True,
        help="""Whether the user's own scratch is counted by itself, in the background and once a day, when the panel is
        opened. Never a bucket of which no part is known to be the user's.""",
    ).tag(config=True)

    count_scratch_objects = Int(
        DAILY_OBJECTS, help="Objects up to which scratch is counted by itself; what is larger, where somebody asks."
    ).tag(config=True)

    upload_grace_h = Float(
        GRACE_HOURS,
        help="""Hours for which an upload that was interrupted can go on. Its parts are taken back at the store then, if
        the Jupyter server runs; a rule of the bucket (AbortIncompleteMultipartUpload) does it at any time.""",
    ).tag(config=True)

    dask = AnyTrait(
        default_value=None,
        allow_none=True,
        help="""Whether the kernels have dask, so that cells may use it. None looks whether the server has it.""",
    ).tag(config=True)

    @default("discover")
    def _discover_default(self) -> bool:
        return not self.endpoints

    def specs(self, server_root: str) -> tuple[list[Offered], list[wire.Health], list[config.ConfigError]]:
        """The endpoints in the order of the panel, remarks on scratch space, and what is wrong with those left out."""
        endpoints, wrong = _usable(config.read_endpoints, self.endpoints)
        scratch, also_wrong = _usable(config.read_scratch, self.scratch)
        found = [Offered(each, "admin", None) for each in endpoints]
        found += discovery.from_scratch(scratch, os.environ, endpoints)
        if self.discover:
            roots = {each.root.rstrip("/") for each, _, _ in found if each.root}
            # The configuration says of these what they are and with which credentials.
            named = {name for each in scratch for name in each.url_env}
            offered = discovery.discover(os.environ, Path.home(), server_root)
            found += [
                spec
                for spec in offered
                if spec.config.root.rstrip("/") not in roots and not (spec.scratch and spec.scratch.variable in named)
            ]
        unique: dict[str, Offered] = {}
        for spec in found:
            unique.setdefault(spec[0].id, spec)
        remarks = discovery.remarks(scratch, os.environ, endpoints)
        return list(unique.values()), remarks, wrong + also_wrong

    def make_browser(self, server_root: str) -> tuple[Browser, list[config.ConfigError]]:
        """What the panel and the commands work with, and what is wrong with the configuration."""
        specs, remarks, wrong = self.specs(server_root)
        problem = None
        if wrong:
            problem = wire.Problem(
                code="bad_configuration",
                message="\n".join(map(str, wrong)),
                hint="Correct jupyter_server_config.py, then restart the Jupyter server.",
            )
        browser = Browser(
            specs,
            cache_s=self.cache_s,
            has_dask=self.dask,
            problem=problem,
            remarks=remarks,
            history=Path(self.data_dir) / "zarrbrowser",
            max_usage_objects=self.max_usage_objects,
            cluster_bytes=self.cluster_bytes,
            count_scratch_objects=self.count_scratch_objects if self.count_scratch_daily else 0,
            upload_grace_s=self.upload_grace_h * 3600,
            files=server_root,
        )
        return browser, wrong

    def initialize_handlers(self) -> None:
        """Called once by the server, before it listens."""
        contents = getattr(self.serverapp, "contents_manager", None)
        self.browser, wrong = self.make_browser(getattr(contents, "root_dir", ""))
        for each in wrong:
            # The server, its kernels and the other endpoints stay usable; the panel says what is wrong, too.
            self.log.error("%s", each)
        for remark in self.browser.remarks:
            self.log.warning("%s %s", remark.message, remark.hint)
        self.io = IoThread("zarrbrowser-io")
        self.handlers.extend(routes(self.browser, self.io))

    async def stop_extension(self) -> None:
        """Called by the server at its end."""
        await self.io.stop(self.browser.close())


def _usable(read: Callable[[Any], list[Any]], raw: Any) -> tuple[list[Any], list[config.ConfigError]]:
    try:
        return read(raw), []
    except config.ConfigError as exc:
        return exc.usable, [exc]
