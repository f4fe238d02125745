"""The HTTP contract: every route, who may use it, what it answers, and what it never says."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import User
from tornado.httpclient import HTTPClientError, HTTPResponse
from tornado.web import create_signed_value

from jupyterlab_zarrbrowser import handlers, upload_handlers

from .servers.counting_proxy import CountingProxy
from .servers.dead import Dead
from .servers.gcs import Gcs
from .uploads.lab import framed

Fetch = Callable[..., Awaitable[HTTPResponse]]

SECRET = "sentinel-5d41402abc4b2a76"
API = ("zarrbrowser", "api")

WRONG_TOKEN = {"Authorization": "token wrong"}

UPLOAD = "0" * 32

#: One request for each route and verb; the table test below fails when a route is missing here.
REQUESTS: dict[str, dict[str, Any]] = {
    "endpoints": {"method": "GET"},
    "children": {"method": "GET", "params": {"endpoint": "files", "key": ""}},
    "node": {"method": "GET", "params": {"endpoint": "files", "key": "plain/"}},
    "nodes": {"method": "POST", "body": json.dumps({"endpoint": "files", "keys": ["plain/"]})},
    "snippets": {"method": "GET", "params": {"endpoint": "files", "key": "plain/note.txt"}},
    "download": {"method": "GET", "params": {"endpoint": "files", "key": "plain/note.txt"}},
    "scratch": {"method": "GET"},
    "uploads": {"method": "GET", "params": {"endpoint": "files"}},
    "uploads/taken": {"method": "POST", "body": json.dumps({"endpoint": "open", "keys": ["new/note.txt"]})},
    "uploads/batch": {"method": "POST", "body": framed("open", {"new/small.txt": b"small"})},
    "containers": {"method": "POST", "body": json.dumps({"endpoint": "open", "key": "made/"})},
    "jobs": {"method": "POST", "body": json.dumps({"kind": "usage", "endpoint": "files", "key": "plain/"})},
}

#: Routes that hold the id of something: guarded as the others.
WITH_ID = [("GET", "jobs/1"), ("DELETE", "jobs/1"), ("GET", "jobs/1/events"), ("GET", f"uploads/{UPLOAD}")]
WITH_ID_AND_BODY = [("POST", f"uploads/{UPLOAD}/complete"), ("PUT", f"uploads/{UPLOAD}/parts/1?crc32=0")]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    (root / "plain").mkdir(parents=True)
    (root / "plain" / "note.txt").write_text("hello", encoding="utf-8")
    (root / "odd").mkdir()
    (root / "odd" / "100%25 é #1?+&.txt").write_text("odd", encoding="utf-8")
    (root / "odd" / "trailing ").write_text("space", encoding="utf-8")
    store = root / "v3.zarr"
    (store / "t").mkdir(parents=True)
    group = {"zarr_format": 3, "node_type": "group", "attributes": {"scale": float("nan"), "big": 2**60}}
    array = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [4],
        "data_type": "uint64",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 2**64 - 1,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "attributes": {},
        "dimension_names": ["x"],
    }
    (store / "zarr.json").write_text(json.dumps(group), encoding="utf-8")
    (store / "t" / "zarr.json").write_text(json.dumps(array), encoding="utf-8")
    return root


@pytest.fixture
def jp_server_config(data: Path) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"jupyterlab_zarrbrowser": True}, "allow_unauthenticated_access": False},
        "ZarrBrowser": {
            "endpoints": [
                {"id": "files", "title": "Files", "kind": "local", "root": str(data)},
                {
                    "id": "dead",
                    "kind": "s3",
                    "endpoint_url": "http://127.0.0.1:9",
                    "key": SECRET,
                    "secret": SECRET + "-secret",
                    "timeout_s": 20,
                },
                {"id": "open", "title": "Open", "kind": "local", "root": str(data), "writable": True},
            ]
        },
    }


async def refused(fetch: Fetch, *parts: str, **options: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(HTTPClientError) as caught:
        await fetch(*parts, **options)
    response = caught.value.response
    assert response is not None
    return caught.value.code, json.loads(response.body)


def strict_json(body: bytes) -> Any:
    def refuse(token: str) -> None:
        raise AssertionError(f"{token} is not JSON")

    return json.loads(body, parse_constant=refuse)


def test_every_route_is_in_the_table() -> None:
    asked = {*REQUESTS, *(path.partition("?")[0] for _, path in [*WITH_ID, *WITH_ID_AND_BODY])}
    routes = {**handlers.ROUTES, **upload_handlers.ROUTES}
    assert all(any(re.fullmatch(route, path) for path in asked) for route in routes)


@pytest.mark.parametrize("name", REQUESTS)
async def test_answers_an_authenticated_user(jp_fetch: Fetch, name: str) -> None:
    response = await jp_fetch(*API, *name.split("/"), **REQUESTS[name])
    assert response.code == 200
    if name != "download":
        assert response.headers["Content-Type"].startswith("application/json")
        strict_json(response.body)


@pytest.mark.parametrize("name", REQUESTS)
async def test_refuses_without_a_token(jp_fetch: Fetch, name: str) -> None:
    status, body = await refused(
        jp_fetch, *API, *name.split("/"), **REQUESTS[name], headers={"Authorization": "token wrong"}
    )
    assert status == 403
    assert body["code"] == "forbidden"


RESERVED = [("GET", "preview")]


@pytest.mark.parametrize(("method", "path"), RESERVED)
async def test_reserved_routes_are_guarded_and_say_so(jp_fetch: Fetch, method: str, path: str) -> None:
    body = {"body": "{}"} if method in {"POST", "PUT"} else {}
    status, error = await refused(jp_fetch, *API, *path.split("/"), method=method, **body)
    assert (status, error["code"]) == (501, "not_available")
    status, error = await refused(jp_fetch, *API, *path.split("/"), method=method, headers=WRONG_TOKEN, **body)
    assert (status, error["code"]) == (403, "forbidden")


@pytest.mark.parametrize(("method", "path"), WITH_ID_AND_BODY)
async def test_parts_are_guarded_and_may_be_of_nothing(jp_fetch: Fetch, method: str, path: str) -> None:
    place, _, query = path.partition("?")
    more: dict[str, Any] = {
        "method": method,
        "body": b"",
        "params": dict(each.split("=") for each in query.split("&") if each),
    }
    status, error = await refused(jp_fetch, *API, *place.split("/"), **more)
    assert (status, error["code"]) == (404, "not_found")
    status, error = await refused(jp_fetch, *API, *place.split("/"), headers=WRONG_TOKEN, **more)
    assert (status, error["code"]) == (403, "forbidden")


@pytest.mark.parametrize(("method", "path"), WITH_ID)
async def test_what_has_an_id_is_guarded_and_may_be_unknown(jp_fetch: Fetch, method: str, path: str) -> None:
    status, error = await refused(jp_fetch, *API, *path.split("/"), method=method)
    assert (status, error["code"]) == (404, "not_found")
    status, error = await refused(jp_fetch, *API, *path.split("/"), method=method, headers=WRONG_TOKEN)
    assert (status, error["code"]) == (403, "forbidden")


class DenyZarrBrowser(Authorizer):
    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return resource != "zarrbrowser"


@pytest.mark.parametrize("name", REQUESTS)
async def test_refuses_whom_the_authorizer_refuses(jp_fetch: Fetch, jp_serverapp: Any, name: str) -> None:
    jp_serverapp.web_app.settings["authorizer"] = DenyZarrBrowser(parent=jp_serverapp)
    status, _ = await refused(jp_fetch, *API, *name.split("/"), **REQUESTS[name])
    assert status == 403


async def test_post_needs_the_xsrf_token_of_a_cookie_session(jp_fetch: Fetch, jp_serverapp: Any) -> None:
    # A cookie, unlike a token, is sent by the browser on its own: that is what XSRF protection is about.
    handler_settings = jp_serverapp.web_app.settings
    assert not handler_settings.get("disable_check_xsrf")
    identity = jp_serverapp.identity_provider
    cookie_name = "username-zb"
    identity.cookie_name = cookie_name
    user = jp_serverapp.identity_provider.user_to_cookie(User("someone"))
    value = create_signed_value(handler_settings["cookie_secret"], cookie_name, user).decode()
    headers = {"Authorization": "", "Cookie": f"{cookie_name}={value}"}
    status, _ = await refused(jp_fetch, *API, "nodes", **REQUESTS["nodes"], headers=headers)
    assert status == 403
    response = await jp_fetch(*API, "endpoints", headers=headers)
    assert response.code == 200, "the same cookie is good where no state changes"


async def test_endpoints_say_nothing_secret(jp_fetch: Fetch) -> None:
    response = await jp_fetch(*API, "endpoints")
    found = strict_json(response.body)["endpoints"]
    assert [each["id"] for each in found] == ["files", "dead", "open"]
    assert SECRET not in response.body.decode()
    assert found[1] == {
        "id": "dead",
        "title": "dead",
        "kind": "s3",
        "url": "s3://",
        "writable": False,
        "writablePrefixes": None,
        "createsBuckets": False,
        "status": "unchecked",
        "source": "admin",
        "problem": None,
        "scratch": None,
    }


async def test_no_secret_in_responses_or_logs(
    jp_fetch: Fetch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG, logger="jupyterlab_zarrbrowser")
    caplog.set_level(logging.DEBUG, logger="ServerApp")
    seen = []
    for name, query in (
        ("children", {"endpoint": "dead"}),
        ("children", {"endpoint": "dead", "key": "b/"}),
        ("node", {"endpoint": "dead", "key": "b/x.zarr/"}),
        ("snippets", {"endpoint": "dead", "key": "b/x.zarr/"}),
        ("node", {"url": "s3://b/x"}),
    ):
        status, body = await refused(jp_fetch, *API, name, params=query)
        assert (status, body["code"]) == (502, "unreachable")
        assert body["retryable"] is True
        assert body["hint"]
        seen.append(json.dumps(body))
    # The request id leads from what the user sees to the server's log.
    assert all(json.loads(each)["requestId"] in caplog.text for each in seen)
    out, err = capfd.readouterr()
    assert SECRET not in "".join([*seen, caplog.text, out, err])


class TestAnEndpointThatHangs:
    """Its server accepts connections and never answers."""

    @pytest.fixture
    def hanging(self, tmp_path: Path) -> Iterator[Dead]:
        with Dead(tmp_path) as addresses:
            yield addresses

    @pytest.fixture
    def jp_server_config(self, data: Path, hanging: Dead, counting_proxy: CountingProxy) -> dict[str, Any]:
        patient = {"id": "patient", "kind": "s3", "root": "s3://b", "endpoint_url": hanging.silent, "anon": True}
        return {
            "ServerApp": {"jpserver_extensions": {"jupyterlab_zarrbrowser": True}},
            "ZarrBrowser": {
                "endpoints": [
                    {"id": "files", "kind": "local", "root": str(data)},
                    {**patient, "timeout_s": 600},
                    {"id": "hasty", "kind": "http", "root": hanging.silent, "timeout_s": 2},
                    {"id": "at-times", "kind": "http", "root": f"{counting_proxy.url}/demo/", "timeout_s": 3},
                ]
            },
        }

    async def test_one_dead_endpoint_does_not_hold_up_another(self, jp_fetch: Fetch, hanging: Dead) -> None:
        query = {"endpoint": "patient"}
        patient = asyncio.create_task(refused(jp_fetch, *API, "children", params=query, request_timeout=600))
        await under_way(patient, hanging, 1)

        listed = await jp_fetch(*API, "children", params={"endpoint": "files", "key": "plain/"})
        assert [each["name"] for each in strict_json(listed.body)["items"]] == ["note.txt"]
        assert (await jp_fetch("api", "status")).code == 200
        hasty = asyncio.create_task(refused(jp_fetch, *API, "children", params={"endpoint": "hasty"}))
        await under_way(hasty, hanging, 2)
        status, error = await hasty
        assert (status, error["code"], error["retryable"]) == (504, "timeout", True)

        assert not patient.done(), "all of that was answered while it waited"
        hanging.close()
        status, error = await patient
        assert (status, error["code"]) == (502, "unreachable")

    async def test_it_is_marked_until_it_answers_again(self, jp_fetch: Fetch, counting_proxy: CountingProxy) -> None:
        async def marked() -> tuple[str, str | None]:
            response = await jp_fetch(*API, "endpoints")
            by_id = {each["id"]: each for each in strict_json(response.body)["endpoints"]}
            assert {by_id[name]["status"] for name in ("files", "patient", "hasty")} == {"unchecked"}
            found = by_id["at-times"]
            return found["status"], found["problem"] and found["problem"]["code"]

        asked = {"endpoint": "at-times", "key": "climate/reanalysis-v3.zarr/"}
        assert await marked() == ("unchecked", None)
        assert (await jp_fetch(*API, "node", params=asked)).code == 200
        assert await marked() == ("ok", None)
        counting_proxy.configure(fail_rate=1, fail_modes=("stall",))
        with counting_proxy.recording() as seen:
            status, error = await refused(jp_fetch, *API, "node", params={**asked, "refresh": "1"})
        assert (status, error["code"]) == (504, "timeout")
        assert set(seen.faults) == {"stall"}, "it was asked, and hung"
        assert await marked() == ("problem", "timeout")
        counting_proxy.reset()
        assert (await jp_fetch(*API, "node", params={**asked, "refresh": "1"})).code == 200
        assert await marked() == ("ok", None)


async def under_way(request: asyncio.Task[Any], hanging: Dead, connections: int) -> None:
    """Returns when the silent server has accepted so many connections, the last of them for this request."""
    while hanging.silent_connections < connections:
        assert not request.done(), request.result()
        await asyncio.sleep(0.005)


@pytest.fixture(scope="module")
def folder(gcs_server: Gcs, sample_dir: Path) -> str:
    """A folder on Google Cloud Storage that has a store, as has its neighbour, whose name begins alike."""
    gcs_server.create_bucket("go-to")
    for name in ("lab", "labour"):
        gcs_server.upload_directory(sample_dir / "v3-hierarchy.zarr", "go-to", f"{name}/v3-hierarchy.zarr/")
    return "go-to/lab"


class TestGoToGoogle:
    """Addresses of Google Cloud Storage, of which the endpoint holds one folder."""

    @pytest.fixture
    def jp_server_config(self, folder: str, gcs: Gcs) -> dict[str, Any]:
        endpoint = {"id": "google", "kind": "gcs", "root": f"gs://{folder}", "endpoint_url": gcs.url, "anon": True}
        return {
            "ServerApp": {"jpserver_extensions": {"jupyterlab_zarrbrowser": True}},
            "ZarrBrowser": {"endpoints": [endpoint]},
        }

    @pytest.mark.parametrize("scheme", ["gs", "gcs"])
    @pytest.mark.parametrize(
        ("path", "kind"), [("", "group"), ("a", "dataset"), ("a/b/t2m", "array"), ("a/b/t2m/zarr.json", "array")]
    )
    async def test_a_node_of_a_store(self, jp_fetch: Fetch, folder: str, scheme: str, path: str, kind: str) -> None:
        store = "v3-hierarchy.zarr"
        url = f"{scheme}://{folder}/{store}" + (f"/{path}" if path else "")
        response = await jp_fetch(*API, "node", params={"url": url})
        node, inside = strict_json(response.body), path.removesuffix("/zarr.json")
        assert (node["endpoint"], node["kind"]) == ("google", kind)
        assert (node["storeKey"], node["path"]) == (f"{store}/", inside)
        key = f"{store}/{inside}/" if inside else f"{store}/"
        assert (node["key"], node["uri"]) == (key, f"gs://{folder}/{key}")

    @pytest.mark.parametrize("scheme", ["gs", "gcs"])
    @pytest.mark.parametrize("path", ["go-to/labour/v3-hierarchy.zarr", "go-to/v3-hierarchy.zarr", "go-to", "other/x"])
    async def test_outside_of_the_folder(self, jp_fetch: Fetch, gcs: Gcs, scheme: str, path: str) -> None:
        with gcs.recording() as seen:
            status, error = await refused(
                jp_fetch, *API, "node", params={"url": f"{scheme}://{path}", "endpoint": "google"}
            )
        assert (status, error["code"]) == (403, "outside_endpoints")
        assert len(seen) == 0, "it is not even asked for"


@pytest.mark.parametrize(
    ("name", "params", "status", "code"),
    [
        ("children", {}, 400, "bad_request"),
        ("children", {"endpoint": "nope"}, 404, "unknown_endpoint"),
        ("children", {"endpoint": "files", "limit": "0"}, 400, "bad_request"),
        ("children", {"endpoint": "files", "limit": "1001"}, 400, "bad_request"),
        ("children", {"endpoint": "files", "limit": "ten"}, 400, "bad_request"),
        ("children", {"endpoint": "files", "key": "plain"}, 400, "bad_request"),
        ("children", {"endpoint": "files", "key": "x" * 5000 + "/"}, 400, "bad_request"),
        ("children", {"endpoint": "files", "prefix": "a/b"}, 400, "bad_request"),
        ("children", {"endpoint": "files", "key": "../"}, 404, "not_found"),
        ("node", {"endpoint": "files", "key": "plain/missing"}, 404, "not_found"),
        ("node", {"endpoint": "files", "key": "a\0b"}, 400, "bad_request"),
        ("node", {"url": "https://elsewhere.example/x.zarr", "endpoint": "files"}, 403, "outside_endpoints"),
        ("node", {"url": "file:///etc/passwd", "endpoint": "files"}, 403, "outside_endpoints"),
        ("node", {"url": "http://169.254.169.254/latest/meta-data/"}, 403, "outside_endpoints"),
        ("snippets", {"endpoint": "files"}, 400, "bad_request"),
        ("download", {"endpoint": "files", "key": ""}, 400, "bad_request"),
        ("download", {"endpoint": "files", "key": "plain/missing"}, 404, "not_found"),
        ("download", {"endpoint": "files", "key": "../../etc/passwd"}, 404, "not_found"),
        ("download", {"endpoint": "nobody", "key": "x"}, 404, "unknown_endpoint"),
    ],
)
async def test_bad_input_is_told_what_is_wrong(
    jp_fetch: Fetch, name: str, params: dict[str, str], status: int, code: str
) -> None:
    found, body = await refused(jp_fetch, *API, name, params=params)
    assert (found, body["code"]) == (status, code)
    assert body["message"]


@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"endpoint": "files"}', '{"endpoint": "files", "keys": [], "extra": 1}', '{"keys": 1}']
)
async def test_a_malformed_body_is_refused(jp_fetch: Fetch, body: str) -> None:
    status, error = await refused(jp_fetch, *API, "nodes", method="POST", body=body)
    assert (status, error["code"]) == (400, "bad_request")


async def test_more_rows_than_a_screen_are_refused(jp_fetch: Fetch) -> None:
    body = json.dumps({"endpoint": "files", "keys": [f"k{n}/" for n in range(201)]})
    status, error = await refused(jp_fetch, *API, "nodes", method="POST", body=body)
    assert (status, error["code"]) == (400, "bad_request")


@pytest.mark.parametrize("key", ["odd/100%25 é #1?+&.txt", "odd/trailing "])
async def test_keys_arrive_as_they_are(jp_fetch: Fetch, key: str) -> None:
    listed = await jp_fetch(*API, "children", params={"endpoint": "files", "key": "odd/"})
    assert key in [each["key"] for each in strict_json(listed.body)["items"]]
    response = await jp_fetch(*API, "node", params={"endpoint": "files", "key": key})
    node = strict_json(response.body)
    assert (node["kind"], node["key"]) == ("object", key)


async def test_numbers_that_javascript_cannot_hold_travel_as_text(jp_fetch: Fetch) -> None:
    response = await jp_fetch(*API, "node", params={"endpoint": "files", "key": "v3.zarr/"})
    group = strict_json(response.body)
    assert group["attributes"] == {"scale": "NaN", "big": str(2**60)}
    response = await jp_fetch(*API, "node", params={"endpoint": "files", "key": "v3.zarr/t/"})
    assert strict_json(response.body)["fillValue"] == str(2**64 - 1)


async def test_go_to_takes_a_path_inside_the_current_endpoint(jp_fetch: Fetch) -> None:
    response = await jp_fetch(*API, "node", params={"endpoint": "files", "url": "v3.zarr/t"})
    node = strict_json(response.body)
    assert (node["kind"], node["key"], node["storeKey"], node["path"]) == ("array", "v3.zarr/t/", "v3.zarr/", "t")


@pytest.mark.parametrize("url", ["v3.zarr/t/c/0", "v3.zarr/t/c", "v3.zarr/t/c/", "v3.zarr/t/zarr.json"])
async def test_go_to_part_of_an_array_is_to_go_to_the_array(jp_fetch: Fetch, data: Path, url: str) -> None:
    (data / "v3.zarr" / "t" / "c").mkdir()
    (data / "v3.zarr" / "t" / "c" / "0").write_bytes(b"chunk")
    response = await jp_fetch(*API, "node", params={"endpoint": "files", "url": url})
    node = strict_json(response.body)
    assert (node["kind"], node["key"]) == ("array", "v3.zarr/t/")
    # The key of a chunk that a listing gave stays what it is.
    response = await jp_fetch(*API, "node", params={"endpoint": "files", "key": "v3.zarr/t/c/0"})
    assert strict_json(response.body)["kind"] == "object"


async def test_a_refused_address_is_told_what_can_be_reached(jp_fetch: Fetch, data: Path) -> None:
    _, body = await refused(jp_fetch, *API, "node", params={"url": "https://elsewhere.example/x.zarr"})
    assert f"Files ({data}/), dead (s3:// at http://127.0.0.1:9), Open ({data}/)" in body["message"]
    _, body = await refused(jp_fetch, *API, "node", params={"endpoint": "files", "url": "../x"})
    assert "`..`" in body["message"]
    assert str(data) in body["hint"]


async def test_a_download_is_the_object(jp_fetch: Fetch, data: Path) -> None:
    content = bytes(range(256)) * 2**14
    (data / "odd" / "100%25 é #1?+&.nc").write_bytes(content)
    response = await jp_fetch(*API, "download", params={"endpoint": "files", "key": "odd/100%25 é #1?+&.nc"})
    assert response.body == content
    assert response.headers["Content-Length"] == str(len(content))
    assert (
        response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''100%2525%20%C3%A9%20%231%3F%2B%26.nc"
    )
    assert response.headers["Content-Type"] == "application/x-netcdf"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("note.txt", "text/plain"), ("x.json", "application/json"), ("x.zzz", "application/octet-stream")],
)
async def test_a_small_download_has_its_own_type(jp_fetch: Fetch, data: Path, name: str, kind: str) -> None:
    (data / "plain" / name).write_text("{}", encoding="utf-8")
    response = await jp_fetch(*API, "download", params={"endpoint": "files", "key": f"plain/{name}"})
    assert response.headers["Content-Type"] == kind


async def test_a_range_behind_the_end_is_told_where_that_is(jp_fetch: Fetch) -> None:
    params = {"endpoint": "files", "key": "plain/note.txt"}
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(*API, "download", params=params, headers={"Range": "bytes=5-"})
    assert caught.value.response is not None
    assert (caught.value.code, caught.value.response.headers["Content-Range"]) == (416, "bytes */5")


async def test_a_download_goes_on_where_it_was_interrupted(jp_fetch: Fetch, data: Path) -> None:
    params = {"endpoint": "files", "key": "plain/note.txt"}
    whole = await jp_fetch(*API, "download", params=params)
    etag = whole.headers["ETag"]
    rest = await jp_fetch(*API, "download", params=params, headers={"Range": "bytes=2-", "If-Range": etag})
    assert (rest.code, rest.body, rest.headers["Content-Range"]) == (206, b"llo", "bytes 2-4/5")
    (data / "plain" / "note.txt").write_text("changed", encoding="utf-8")
    rest = await jp_fetch(*API, "download", params=params, headers={"Range": "bytes=2-", "If-Range": etag})
    assert (rest.code, rest.body) == (200, b"changed"), "what the browser has is of another object"


@pytest.mark.parametrize("header", ["bytes=0-0,2-3", "bytes=3-2", "bytes=-0", "bytes=x", "lines=1-2", ""])
async def test_a_range_that_means_nothing_is_ignored(jp_fetch: Fetch, header: str) -> None:
    params = {"endpoint": "files", "key": "plain/note.txt"}
    response = await jp_fetch(*API, "download", params=params, headers={"Range": header})
    assert (response.code, response.body) == (200, b"hello")


async def test_refresh_shows_what_changed(jp_fetch: Fetch, data: Path) -> None:
    async def names(**more: str) -> list[str]:
        response = await jp_fetch(*API, "children", params={"endpoint": "files", "key": "plain/", **more})
        return [each["name"] for each in strict_json(response.body)["items"]]

    assert await names() == ["note.txt"]
    (data / "plain" / "new.txt").write_text("new", encoding="utf-8")
    assert await names() == ["note.txt"], "answers are remembered"
    assert await names(refresh="1") == ["new.txt", "note.txt"]
