"""``python -m tests.servers.fake_s3 --port 0``: serves until it is ended, and prints where."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from dataclasses import fields

from ..records import Recorder, s3_op
from ..traffic import Conditions, Traffic, parse_conditions
from .bucket import Bucket
from .catalog import BUCKETS, segments_of
from .keys import Space
from .protocol import S3
from .server import Connection


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fake_s3", description="A synthetic S3 server with millions of virtual keys.")
    parser.add_argument("--port", type=int, default=9000, help="0 takes a free one")
    parser.add_argument("--only", default="", help=f"comma list of buckets to build, of {','.join(BUCKETS)}")
    parser.add_argument("--list-page", type=int, default=1000, help="cap on the entries of a listing's page")
    parser.add_argument("--short-pages", action="store_true", help="truncated pages hold fewer entries than asked for")
    conditions = parser.add_argument_group("network conditions, see tests/servers/traffic.py")
    for field in fields(Conditions):
        conditions.add_argument(f"--{field.name.replace('_', '-')}", default=None, metavar=str(field.type))
    return parser.parse_args()


def build(only: str) -> dict[str, Bucket]:
    names = [name for name in only.split(",") if name]
    return {name: Bucket(name, Space(segments)) for name, segments in segments_of(names).items()}


async def serve(arguments: argparse.Namespace) -> None:
    s3 = S3(build(arguments.only), list_page=arguments.list_page, short_pages=arguments.short_pages)
    traffic = Traffic(Recorder(s3_op))
    given = {field.name: getattr(arguments, field.name) for field in fields(Conditions)}
    traffic.configure(**parse_conditions({name: value for name, value in given.items() if value is not None}))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(s3, traffic, loop), "127.0.0.1", arguments.port, backlog=512)
    port = server.sockets[0].getsockname()[1]
    keys = sum(len(bucket) for bucket in s3.buckets.values())
    print(f"fake_s3 http://127.0.0.1:{port} ({keys:,} keys in {len(s3.buckets)} buckets)", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parse_arguments()))
