"""What is sent to an S3 server exactly, answers that only some servers give, and listings of very many keys."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest

from jupyterlab_zarrbrowser.config import S3Config
from jupyterlab_zarrbrowser.stores import Store, open_store
from jupyterlab_zarrbrowser.stores.s3 import S3Store
from jupyterlab_zarrbrowser.stores.s3_answers import parse_buckets, parse_listing

from ..servers.counting_proxy import CountingProxy
from ..servers.dead import Dead
from ..servers.fake_s3 import FakeS3
from .places import SENTINEL, OpenStore, keys_of, pages_of, raises
from .scripted import XML, Answer, Request, Script, ScriptedServer, s3_error

Asked = Callable[..., tuple[Store, ScriptedServer]]

OBJECT = Answer(200, b"content", {"Content-Type": "application/json", "ETag": '"e"'})


def listing(*keys: str, **fields: str) -> bytes:
    contents = "".join(f"<Contents><Key>{escape(key)}</Key><Size>1</Size></Contents>" for key in keys)
    more = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())
    return f"<?xml version='1.0'?><ListBucketResult>{more}{contents}</ListBucketResult>".encode()


@pytest.fixture
def asked(jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Asked]:
    """Opens a store at a server that answers as a script says."""
    with ExitStack() as stack:

        def make(script: Script, **options: Any) -> tuple[Store, ScriptedServer]:
            server = stack.enter_context(ScriptedServer(script))
            config = {"id": "s3", "root": "s3://bucket", "endpoint_url": server.url, "key": "AKIA", "secret": SENTINEL}
            store = open_store(S3Config(**{**config, **options}))
            stack.callback(lambda: jp_asyncio_loop.run_until_complete(store.close()))
            return store, server

        yield make


def _answers(request: Request) -> Answer:
    """Any listing, object or list of buckets."""
    if request.path == "/":
        return Answer(200, b"<ListAllMyBucketsResult/>", XML)
    return Answer(200, listing("x"), XML) if "list-type" in request.query else OBJECT


class TestRefusals:
    @pytest.mark.parametrize(
        ("code", "status", "listing_code", "reading_code"),
        [
            ("AccessDenied", 403, "list_forbidden", "forbidden"),
            ("AllAccessDisabled", 403, "list_forbidden", "forbidden"),
            ("AccountProblem", 403, "list_forbidden", "forbidden"),
            ("InvalidAccessKeyId", 403, "credentials_invalid", "credentials_invalid"),
            ("SignatureDoesNotMatch", 403, "credentials_invalid", "credentials_invalid"),
            ("InvalidToken", 400, "credentials_invalid", "credentials_invalid"),
            ("ExpiredToken", 400, "credentials_expired", "credentials_expired"),
            ("ExpiredTokenException", 403, "credentials_expired", "credentials_expired"),
            ("RequestExpired", 403, "credentials_expired", "credentials_expired"),
            ("RequestTimeTooSkewed", 403, "clock_skew", "clock_skew"),
            ("NoSuchBucket", 404, "no_such_bucket", "no_such_bucket"),
            ("InvalidBucketName", 400, "no_such_bucket", "no_such_bucket"),
            ("NoSuchKey", 404, "not_found", "not_found"),
            ("KeyTooLongError", 400, "bad_request", "bad_request"),
            ("InvalidArgument", 400, "bad_request", "bad_request"),
            ("MethodNotAllowed", 405, "wrong_endpoint", "wrong_endpoint"),
            ("NotImplemented", 501, "store_error", "store_error"),
            ("SlowDown", 503, "throttled", "throttled"),
            ("TooManyRequests", 429, "throttled", "throttled"),
            ("ServiceUnavailable", 503, "throttled", "throttled"),
            ("InternalError", 500, "store_error", "store_error"),
            ("PermanentRedirect", 301, "wrong_endpoint", "wrong_endpoint"),
            ("AuthorizationHeaderMalformed", 400, "wrong_region", "wrong_region"),
            ("IllegalLocationConstraintException", 400, "wrong_region", "wrong_region"),
            ("", 403, "list_forbidden", "forbidden"),
            ("A code with a secret " + SENTINEL, 418, "wrong_endpoint", "wrong_endpoint"),
        ],
    )
    async def test_error_codes(
        self, asked: Asked, code: str, status: int, listing_code: str, reading_code: str
    ) -> None:
        message = f"The key {SENTINEL} of https://x/?X-Amz-Signature=abc is not known"
        store, server = asked(lambda _: s3_error(code, status, message, AWSAccessKeyId=SENTINEL))
        with raises(listing_code):
            await store.list("")
        with raises(reading_code):
            await store.get("x", max_bytes=10)
        # Two tries each for what may pass; for another region botocore asks HEAD which one.
        assert len(server.seen) <= (4 if reading_code in {"throttled", "store_error", "wrong_region"} else 2)

    @pytest.mark.parametrize(
        ("status", "code"),
        [(403, "forbidden"), (404, "not_found"), (500, "store_error"), (503, "throttled"), (301, "wrong_endpoint")],
    )
    async def test_heads_have_no_body_to_explain(self, asked: Asked, status: int, code: str) -> None:
        store, _ = asked(lambda _: Answer(status))
        with raises(code):
            await store.stat("x")

    async def test_an_error_with_status_200(self, asked: Asked) -> None:
        """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html tells why there are such."""
        store, server = asked(lambda _: s3_error("SlowDown", 200))
        with raises("throttled", "store_error"):
            await store.list("")
        assert len(server.seen) == 2

    async def test_web_servers_do_not_know_buckets(self, asked: Asked) -> None:
        store, _ = asked(lambda _: Answer(404, b"<html>Not found</html>", {"Content-Type": "text/html"}))
        with raises("wrong_endpoint"):
            await store.list("")
        with raises("not_found"):
            await store.get("x", max_bytes=10)


class TestRegions:
    @pytest.mark.parametrize("how", ["header", "body"])
    async def test_the_right_region_is_found(self, asked: Asked, how: str) -> None:
        def script(request: Request) -> Answer:
            if "/eu-north-9/" in request.headers["authorization"]:
                return _answers(request)
            if how == "body":
                return s3_error("AuthorizationHeaderMalformed", 400, Region="eu-north-9")
            return Answer(301, b"", {"x-amz-bucket-region": "eu-north-9"})

        store, server = asked(script, region="us-east-1")
        assert keys_of([await store.list("")]) == ["x"]
        assert len(server.seen) == 2
        assert await store.get("x", max_bytes=10) == b"content"
        assert len(server.seen) == 3  # it is remembered

    @pytest.mark.parametrize("status", [301, 307])
    async def test_a_region_that_does_not_help_either(self, asked: Asked, status: int) -> None:
        answer = s3_error("PermanentRedirect", status, Endpoint=f"x.{SENTINEL}.example")
        answer.headers["x-amz-bucket-region"] = "eu-north-9"
        try:
            store, server = asked(lambda _: answer)
            for work in (store.list(""), store.get("x", max_bytes=10), store.stat("x")):
                with raises("wrong_region") as caught:
                    await work
                assert "eu-north-9" in caught.value.message
            assert len(server.seen) <= 6
        finally:
            del answer.headers["x-amz-bucket-region"]

    async def test_a_region_that_is_none(self, asked: Asked) -> None:
        store, _ = asked(lambda _: s3_error("AuthorizationHeaderMalformed", 400, Region=f"{SENTINEL} x"))
        with raises("wrong_region", "store_error"):
            await store.list("")

    async def test_no_region_is_needed_at_an_endpoint(self, asked: Asked) -> None:
        store, server = asked(_answers)
        await store.list("")
        assert "/us-east-1/s3/" in server.seen[-1].headers["authorization"]

    async def test_the_region_is_sent(self, asked: Asked) -> None:
        store, server = asked(_answers, region="RegionOne")
        await store.list("")
        assert "/RegionOne/s3/" in server.seen[-1].headers["authorization"]


class TestRequests:
    async def test_requester_pays(self, asked: Asked) -> None:
        store, server = asked(_answers, requester_pays=True)
        await store.list("")
        await store.get("x", max_bytes=10)
        await store.stat("x")
        assert [request.headers["x-amz-request-payer"] for request in server.seen] == ["requester"] * 3

    async def test_the_requester_does_not_pay_unasked(self, asked: Asked) -> None:
        store, server = asked(_answers)
        await store.get("x", max_bytes=10)
        assert "x-amz-request-payer" not in server.seen[-1].headers

    @pytest.mark.parametrize(("mode", "sent"), [(None, None), ("when_required", None), ("when_supported", "ENABLED")])
    async def test_checksums(self, asked: Asked, mode: Any, sent: str | None) -> None:
        store, server = asked(_answers, checksum=mode)
        assert await store.get("x", max_bytes=10) == b"content"
        assert server.seen[-1].headers.get("x-amz-checksum-mode") == sent

    async def test_a_checksum_that_does_not_match(self, asked: Asked) -> None:
        answer = Answer(200, b"content", {"ETag": '"e"', "x-amz-checksum-crc32": "AAAAAA=="})
        store, _ = asked(lambda _: answer, checksum="when_supported")
        with raises("store_error"):
            await store.get("x", max_bytes=10)
        trusting, _ = asked(lambda _: answer)
        assert await trusting.get("x", max_bytes=10) == b"content"

    async def test_keys_are_encoded_once(self, asked: Asked) -> None:
        store, server = asked(_answers)
        for key in ("100%25 é #1?.zarr/x", "a//b", "/x", "a+b&c=d;e", "~tilde", "dots/../x", "./x"):
            await store.get(key, max_bytes=10)
            assert server.seen[-1].target == f"/bucket/{quote(key, safe='/~')}"

    async def test_anonymous_requests_are_not_signed(self, asked: Asked) -> None:
        store, server = asked(_answers, anon=True, key=None, secret=None)
        await store.list("")
        assert "authorization" not in server.seen[-1].headers

    async def test_a_session_token_is_sent(self, asked: Asked) -> None:
        store, server = asked(_answers, token="session")
        await store.list("")
        assert server.seen[-1].headers["x-amz-security-token"] == "session"

    async def test_an_endpoint_below_a_path(self, asked: Asked) -> None:
        _, server = asked(_answers)
        store, _ = asked(_answers, endpoint_url=f"{server.url}/gateway/s3/")
        assert await store.get("a b", max_bytes=10) == b"content"
        assert server.seen[-1].target == "/gateway/s3/bucket/a%20b"
        assert store.key_of(f"{server.url}/gateway/s3/bucket/a%20b") == "a b"

    async def test_a_certificate_authority_of_ones_own(self, asked: Asked, dead: Dead, tmp_path: Path) -> None:
        host, port = dead.self_signed.removeprefix("https://").split(":")
        bundle = tmp_path / "ca.pem"
        bundle.write_text(await asyncio.to_thread(ssl.get_server_certificate, (host, int(port))))
        store, _ = asked(_answers, endpoint_url=dead.self_signed, ca_bundle=str(bundle))
        with raises("wrong_endpoint"):  # a login page, over a connection that is trusted
            await store.list("")
        missing, _ = asked(_answers, endpoint_url=dead.self_signed, ca_bundle=str(tmp_path / "missing.pem"))
        with raises("tls") as caught:
            await missing.list("")
        assert "ca_bundle" in caught.value.message


class TestAddressing:
    """Where a request would go; it is stopped before it leaves."""

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({"region": "eu-west-1"}, "https://bucket.s3.eu-west-1.amazonaws.com/x"),
            ({"region": "eu-west-1", "path_style": True}, "https://s3.eu-west-1.amazonaws.com/bucket/x"),
            (
                {"root": "s3://dotted.bucket", "region": "eu-west-1"},
                "https://s3.eu-west-1.amazonaws.com/dotted.bucket/x",
            ),
            ({"endpoint_url": "https://store.example"}, "https://store.example/bucket/x"),
            ({"endpoint_url": "https://store.example", "path_style": True}, "https://store.example/bucket/x"),
            ({"endpoint_url": "https://store.example:8001/"}, "https://store.example:8001/bucket/x"),
            ({"profile": "virtual"}, "https://bucket.store.example/x"),
            ({"profile": "virtual", "path_style": True}, "https://store.example/bucket/x"),
        ],
    )
    async def test_styles(
        self,
        open_store: OpenStore,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        options: dict[str, Any],
        expected: str,
    ) -> None:
        config = tmp_path / "config"
        config.write_text(
            "[profile virtual]\nendpoint_url = https://store.example\ns3 =\n  addressing_style = virtual\n"
            "aws_access_key_id = a\naws_secret_access_key = b\n"
        )
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        keys = {} if "profile" in options else {"key": "a", "secret": "b"}
        store = open_store(S3Config(**{"id": "s3", "root": "s3://bucket", **keys, **options}))
        assert isinstance(store, S3Store)
        addresses: list[str] = []

        def keep(request: Any, **_: Any) -> None:
            addresses.append(request.url)
            raise ConnectionRefusedError  # far enough

        async with store._connection.use() as fs:
            fs._s3.meta.events.register("before-send.s3", keep)
        with raises("unreachable"):
            await store.get("x", max_bytes=10)
        assert set(addresses) == {expected}


class TestListings:
    def test_encoding(self) -> None:
        rows, cursor = parse_listing(listing("a%2Bb+c%25", EncodingType="url"), "T")
        assert [row[0] for row in rows] == ["a+b c%"]
        assert cursor is None
        rows, _ = parse_listing(listing("a%2Bb+c<&>"), "T")
        assert [row[0] for row in rows] == ["a%2Bb+c<&>"]

    def test_order_is_that_of_bytes(self) -> None:
        folder = b"<CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes></ListBucketResult>"
        rows, _ = parse_listing(listing("b0", "a", "b-").replace(b"</ListBucketResult>", folder), "T")
        assert [row[0] for row in rows] == ["a", "b-", "b/", "b0"]

    def test_namespaces(self) -> None:
        body = listing("x", IsTruncated="true", NextContinuationToken="t")
        named = body.replace(
            b"<ListBucketResult>", b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        )
        assert parse_listing(body, "T") == parse_listing(named, "T") == ([("x", "object", 1, None)], "t")

    def test_a_token_on_the_last_page_is_none(self) -> None:
        assert parse_listing(listing("x", NextContinuationToken="t", IsTruncated="false"), "T")[1] is None

    def test_what_is_cut_short_is_not_passed_off_as_whole(self) -> None:
        with raises("store_error"):
            parse_listing(listing("x", IsTruncated="true", NextMarker="x"), "T")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{}",
            b"<",
            b"<html/>",
            b"<Error/>",
            b"<ListAllMyBucketsResult/>",
            b"\xff\xfe",
            b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>"
            + b"".join(b"<!ENTITY %c '%s'>" % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
            + b"]><ListBucketResult><Contents><Key>&j;</Key></Contents></ListBucketResult>",
            b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><ListBucketResult>&a;</ListBucketResult>",
        ],
    )
    def test_what_is_no_listing(self, body: bytes) -> None:
        with raises("wrong_endpoint"):
            parse_listing(body, "T")

    def test_buckets(self) -> None:
        body = (
            b"<ListAllMyBucketsResult><Buckets><Bucket><Name>b</Name></Bucket><Bucket><Name>a</Name></Bucket></Buckets>"
        )
        assert parse_buckets(body + b"</ListAllMyBucketsResult>", "T") == [("a", None), ("b", None)]
        with raises("wrong_endpoint"):
            parse_buckets(listing(), "T")


class TestVeryMany:
    """A million keys, 100,000 folders, and pages that are shorter than asked for."""

    @pytest.fixture(scope="class")
    @classmethod
    def many(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeS3]:
        folder = tmp_path_factory.mktemp("many")
        with FakeS3(folder / "log.txt", only="million,million-flat,wide", short_pages=True) as server:
            yield server

    @pytest.fixture
    def proxy(self, many: FakeS3) -> Iterator[CountingProxy]:
        with CountingProxy(many.url) as proxy:
            yield proxy

    def config(self, proxy: CountingProxy, root: str) -> S3Config:
        return S3Config(id="s3", root=f"s3://{root}", endpoint_url=proxy.url, anon=True)

    async def test_the_top_of_a_million_keys_is_one_request(self, proxy: CountingProxy, open_store: OpenStore) -> None:
        store = open_store(self.config(proxy, "million"))
        with proxy.recording() as seen:
            page = await store.list("", limit=1000)
        assert keys_of([page]) == [f"d{number:03}/" for number in range(100)]
        assert page.cursor is None
        assert dict(seen.ops) == {"List": 1}

    async def test_100_000_folders(self, proxy: CountingProxy, open_store: OpenStore) -> None:
        store = open_store(self.config(proxy, "wide"))
        with proxy.recording() as seen:
            pages = await pages_of(store, "", 1000)
        assert keys_of(pages) == [f"p{number:06}/" for number in range(100_000)]
        assert len(seen) == len(pages)
        assert len(pages) > 100  # short pages, which are not the last

    async def test_a_page_in_the_middle_of_a_million(self, proxy: CountingProxy, open_store: OpenStore) -> None:
        store = open_store(self.config(proxy, "million-flat"))
        with proxy.recording() as seen:
            pages = await pages_of(store, "", 1000, "k09990")
        assert keys_of(pages) == [f"k09990{number:02}.bin" for number in range(100)]
        assert len(seen) == len(pages)
