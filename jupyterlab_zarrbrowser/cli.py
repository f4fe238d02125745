"""``jupyter zarrbrowser``: commands for people, outside of the server."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from . import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status of the process."""
    parser = argparse.ArgumentParser(prog="jupyter zarrbrowser", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser(
        "demo",
        help="open JupyterLab on an embedded object store with sample data",
        description="Start an S3 server on this machine, fill it with sample data, and open JupyterLab on a starter "
        "notebook. Ctrl-C stops all of it and leaves nothing behind.",
    )
    demo.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")
    demo.add_argument("--port", type=int, default=8888, help="first port to try for JupyterLab (default: 8888)")
    count = commands.add_parser(
        "usage",
        help="count what scratch space or other places hold",
        description="Count everything below some places, as the panel does: bytes and objects, per child, and what is "
        "deleted when. Needs one to two requests per 1,000 objects.",
    )
    count.add_argument("place", nargs="*", help="address or id of an endpoint (default: all scratch space)")
    count.add_argument("--format", choices=("table", "json", "prometheus"), default="table", dest="form")
    count.add_argument("--config", metavar="FILE", help="read this instead of jupyter_server_config.py")
    arguments = parser.parse_args(argv)
    if arguments.command == "usage":
        from .report import usage  # noqa: PLC0415  (a server's worth of imports)

        return usage(arguments.place, form=arguments.form, config_file=arguments.config)
    return _demo(arguments.port, open_browser=not arguments.no_browser)


def _demo(port: int, *, open_browser: bool) -> int:
    try:
        from .demo import run  # noqa: PLC0415  (its packages are an extra)

        return run(port, open_browser=open_browser)
    except ModuleNotFoundError as exc:
        print(
            f"The demo needs the package {exc.name!r}. Install what it needs with\n\n"
            "    pip install 'jupyterlab_zarrbrowser[demo]'\n",
            file=sys.stderr,
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
