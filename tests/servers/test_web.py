"""Google's access rules, the file server and the dead addresses."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest

from .dead import Dead
from .gcs import Gcs
from .http_files import HttpFiles
from .plain_http import request
from .s3_client import walk_files
from .zarr_samples import Sample

ODD_FILES = (
    "a b",
    "a#b",
    "a?b=c",
    "100%",
    "%41",
    "a+b",
    "é",
    "日本",
    "a&b",
    "it's",
    'say "hi"',
    "a;b",
    "<b>",
    "~x",
    "a\\b",
)


@pytest.fixture(scope="module")
def bucket(gcs_server: Gcs) -> str:
    gcs_server.create_bucket("test-access")
    gcs_server.put("test-access", "a b/#?%41+é", b"0123456789")
    return "test-access"


def object_url(gcs: Gcs, bucket: str, name: str) -> str:
    return f"{gcs.url}/storage/v1/b/{bucket}/o/{quote(name, safe='')}"


class TestGcs:
    def test_reads(self, gcs: Gcs, bucket: str) -> None:
        url = object_url(gcs, bucket, "a b/#?%41+é")
        with gcs.recording() as recording:
            assert json.loads(request(url)[2])["size"] == "10"
            assert request(f"{url}?alt=media")[2] == b"0123456789"
            status, headers, body = request(f"{url}?alt=media", headers={"Range": "bytes=-3"})
        assert (status, headers["content-range"], body) == (206, "bytes 7-9/10", b"789")
        assert request(f"{url}?alt=media", headers={"Range": "bytes=10-"})[0] == 416
        assert recording.ops == {"HeadObject": 1, "GetObject": 2}

    def test_missing(self, gcs: Gcs, bucket: str) -> None:
        assert request(f"{object_url(gcs, bucket, 'x/y')}?alt=media")[::2] == (404, b"No such object: test-access/x/y")
        assert json.loads(request(object_url(gcs, bucket, "x/y"))[2])["error"]["errors"][0]["reason"] == "notFound"
        assert json.loads(request(f"{gcs.url}/storage/v1/b/no-such/o")[2])["error"]["code"] == 404
        gcs.configure(missing_as_403=True)
        assert request(object_url(gcs, bucket, "x/y"))[0] == 403

    @pytest.mark.parametrize(
        ("token", "status", "reason"),
        [(None, 401, "required"), ("Bearer stale", 401, "authError"), ("Bearer poor", 403, "forbidden")],
    )
    def test_refusals(self, gcs: Gcs, bucket: str, token: str | None, status: int, reason: str) -> None:
        gcs.configure(require_token=True)
        headers = {"Authorization": token} if token else {}
        buckets = f"{gcs.url}/storage/v1/b"
        for url in (f"{buckets}/{bucket}/o", object_url(gcs, bucket, "x"), f"{buckets}?project=p"):
            answer, _, body = request(url, headers=headers)
            error = json.loads(body)["error"]
            assert (answer, error["code"], error["errors"][0]["reason"]) == (status, status, reason)

    def test_permissions(self, gcs: Gcs, bucket: str) -> None:
        gcs.configure(require_token=True)
        url = f"{gcs.url}/storage/v1/b/{bucket}/o"
        assert request(url, headers={"Authorization": "Bearer good"})[0] == 200
        gcs.configure(public_buckets=frozenset({bucket}))
        assert request(url)[0] == 200
        gcs.configure(deny_match="^List ")
        assert request(url)[0] == 403
        assert request(object_url(gcs, bucket, "a b/#?%41+é"))[0] == 200

    def test_samples_arrive(self, gcs: Gcs, gcs_samples: str, sample_dir: Path) -> None:
        names: list[str] = []
        token = ""
        while True:
            url = f"{gcs.url}/storage/v1/b/{gcs_samples}/o?fields=items(name),nextPageToken&pageToken={token}"
            page = json.loads(request(url)[2])
            names += [item["name"] for item in page["items"]]
            if "nextPageToken" not in page:
                break
            token = page["nextPageToken"]
        assert names == sorted(name for name, _ in walk_files(sample_dir))


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attributes if tag == "a" and name == "href"]


def links_of(page: bytes) -> list[str]:
    parser = _Links()
    parser.feed(page.decode())
    return parser.links


class TestHttpFiles:
    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[HttpFiles]:
        root = tmp_path / "root"
        (root / "folder").mkdir(parents=True)
        for name in ODD_FILES:
            (root / "folder" / name).write_text(name)
        (root / "odd #1 100%").mkdir()
        (root / "odd #1 100%" / "in").write_text("inside")
        (tmp_path / "secret").write_text("outside")
        with HttpFiles(root) as server:
            yield server

    @pytest.mark.parametrize("index", ["apache", "nginx"])
    def test_index_pages_link_to_everything(self, server: HttpFiles, index: str) -> None:
        server.configure(index=index)
        links = links_of(request(f"{server.url}/folder/")[2])
        own = [link for link in links if not link.startswith(("?", "/", ".."))]
        assert sorted(map(unquote, own)) == sorted(ODD_FILES)
        for link in own:
            assert request(f"{server.url}/folder/{link}")[2].decode() == unquote(link)
        assert unquote(links_of(request(f"{server.url}/")[2])[-1]) == "odd #1 100%/"

    def test_without_index(self, server: HttpFiles) -> None:
        server.configure(index="none")
        assert request(f"{server.url}/folder/")[0] == 403
        assert request(server.url_of("folder/é"))[2].decode() == "é"
        assert server.ops == {"List": 1, "GetObject": 1}

    def test_ranges(self, server: HttpFiles) -> None:
        url = server.url_of("odd #1 100%/in")
        assert request(url, headers={"Range": "bytes=1-2"})[::2] == (206, b"ns")
        assert request(url, headers={"Range": "bytes=-4"})[::2] == (206, b"side")
        assert request(url, headers={"Range": "bytes=9-"})[0] == 416
        assert request(url, "HEAD")[1]["content-length"] == "6"
        server.configure(ranges=False)
        status, headers, body = request(url, headers={"Range": "bytes=1-2"})
        assert (status, body) == (200, b"inside")
        assert "accept-ranges" not in headers

    def test_refusals(self, server: HttpFiles) -> None:
        assert request(f"{server.url}/no")[0] == 404
        server.configure(missing_as_403=True, denied_prefix="/odd #1")
        assert request(f"{server.url}/no")[0] == 403
        assert request(server.url_of("odd #1 100%/in"))[0] == 403
        assert request(f"{server.url}/folder/", "DELETE")[0] == 405

    def test_redirects(self, server: HttpFiles) -> None:
        server.configure(redirects=(("/old", "/odd #1 100%"),))
        status, headers, _ = request(f"{server.url}/old/in")
        assert (status, headers["location"]) == (302, "/odd%20%231%20100%25/in")
        assert request(f"{server.url}/folder")[1]["location"] == "/folder/"

    @pytest.mark.parametrize(
        "path", ["/../secret", "/%2e%2e/secret", "/folder/../../secret", "/folder/%2E%2E/%2e./secret"]
    )
    def test_nothing_outside_is_served(self, server: HttpFiles, path: str) -> None:
        assert request(f"{server.url}{path}")[0] == 404

    def test_closes_while_connections_are_open(self, tmp_path: Path) -> None:
        server = HttpFiles(tmp_path)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", "/")
        connection.getresponse().read()
        server.close()
        connection.close()

    def test_serves_samples(self, http_files: HttpFiles, samples: dict[str, Sample]) -> None:
        for sample in samples.values():
            assert request(http_files.url_of(f"{sample.name}/"))[0] == 200


class TestDead:
    def test_refusing(self, dead: Dead) -> None:
        with pytest.raises(ConnectionRefusedError):
            request(dead.refusing)

    def test_silent(self, dead: Dead) -> None:
        parts = urlsplit(dead.silent)
        before = dead.silent_connections
        connection = http.client.HTTPConnection("127.0.0.1", parts.port or 0, timeout=0.2)
        connection.request("GET", "/")
        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()
        assert dead.silent_connections == before + 1

    def test_garbage(self, dead: Dead) -> None:
        with pytest.raises(http.client.BadStatusLine):
            request(dead.garbage)

    def test_login_page(self, dead: Dead) -> None:
        status, headers, body = request(f"{dead.login}/bucket?list-type=2")
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert b"<form" in body

    def test_self_signed(self, dead: Dead) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with pytest.raises(urllib.error.URLError) as caught:
            opener.open(dead.self_signed, timeout=60)
        assert isinstance(caught.value.reason, ssl.SSLCertVerificationError)
        trusting = ssl.create_default_context()
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting)
        )
        with opener.open(dead.self_signed, timeout=60) as response:
            assert b"<form" in response.read()
