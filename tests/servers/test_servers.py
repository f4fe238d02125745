"""The servers themselves: a test that trusts one of them can only be as true as it is."""

from __future__ import annotations

import contextlib
import http.client
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from .counting_proxy import CountingProxy
from .fake_s3 import FakeS3
from .fake_s3.catalog import ODD_KEYS
from .moto_s3 import MotoS3
from .plain_http import request
from .process import REPO_ROOT, ServerError, ServerProcess, free_ports, wait_until
from .records import file_op, gcs_op, s3_op
from .s3_client import s3_client, walk_files
from .swift import DEMO, OTHER, READER, Swift

#: A small object of the bucket ``demo``.
SMALL = "tables/stations.csv"


@contextmanager
def client_of(url: str, key: str | None = "any", secret: str | None = "any", **options: Any) -> Iterator[Any]:
    with closing(s3_client(url, key, secret, **options)) as client:
        yield client


def error_code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def all_keys(client: Any, bucket: str, **arguments: Any) -> list[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, **arguments)
    return [row["Key"] for page in pages for row in page.get("Contents", [])]


class TestProcesses:
    def test_ports_are_distinct(self) -> None:
        assert len(set(free_ports(20))) == 20

    def test_a_process_that_ends_tells_why(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", "raise SystemExit('no such disk')"]
        process = ServerProcess("broken", command, log=tmp_path / "log")
        with pytest.raises(ServerError, match="no such disk"):
            process.start(lambda: False)
        assert not process.running

    def test_a_process_that_is_never_ready_is_ended(self, tmp_path: Path) -> None:
        process = ServerProcess("slow", ["sleep", "600"], log=tmp_path / "log")
        with pytest.raises(ServerError, match="slow ready"):
            process.start(lambda: False, deadline_s=0.1)
        assert not process.running

    @pytest.mark.skipif(sys.platform != "linux", reason="needs prctl")
    def test_servers_die_with_a_killed_test_run(self, tmp_path: Path) -> None:
        code = (
            "import pathlib, sys, time\n"
            "from tests.servers.process import ServerProcess\n"
            "process = ServerProcess('sleeper', ['sleep', '600'], log=pathlib.Path(sys.argv[1]))\n"
            "print(process.start().pid, flush=True)\n"
            "time.sleep(600)\n"
        )
        command = [sys.executable, "-c", code, str(tmp_path / "log")]
        with subprocess.Popen(command, cwd=REPO_ROOT, stdout=subprocess.PIPE) as run:
            assert run.stdout
            server = int(run.stdout.readline())
            wait_until(lambda: _command_of(server).startswith("sleep"))
            run.send_signal(signal.SIGKILL)
        wait_until(lambda: not _command_of(server), what="the server's end")


def _command_of(pid: int) -> str:
    """Empty for a process that is gone, or dead but not yet collected."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


@pytest.mark.parametrize(
    ("method", "path", "query", "op"),
    [
        ("GET", "/", "", "ListBuckets"),
        ("GET", "/b", "list-type=2&prefix=uploads", "List"),
        ("GET", "/b/", "uploads", "GetBucket:uploads"),
        ("GET", "/b/k/", "", "GetObject"),
        ("HEAD", "/b/k", "", "HeadObject"),
        ("PUT", "/b", "", "PutBucket"),
        ("PUT", "/b/k", "partNumber=1&uploadId=x", "Multipart:PUT"),
        ("POST", "/b", "delete", "DeleteObjects"),
    ],
)
def test_s3_operations(method: str, path: str, query: str, op: str) -> None:
    assert s3_op(method, path, query) == op


@pytest.mark.parametrize(
    ("method", "path", "query", "op"),
    [
        ("GET", "/storage/v1/b", "project=p", "ListBuckets"),
        ("GET", "/storage/v1/b/x", "", "HeadBucket"),
        ("GET", "/storage/v1/b/x/o", "", "List"),
        ("GET", "/storage/v1/b/x/o/a%2Fb", "", "HeadObject"),
        ("GET", "/storage/v1/b/x/o/a%2Fb", "alt=media", "GetObject"),
        ("GET", "/download/storage/v1/b/x/o/a", "alt=media", "GetObject"),
        ("POST", "/upload/storage/v1/b/x/o", "uploadType=media", "PutObject"),
        ("DELETE", "/storage/v1/b/x/o/a", "", "DeleteObject"),
    ],
)
def test_gcs_operations(method: str, path: str, query: str, op: str) -> None:
    assert gcs_op(method, path, query) == op


def test_file_operations() -> None:
    assert [file_op("GET", "/a/", ""), file_op("GET", "/a", ""), file_op("HEAD", "/a", "")] == [
        "List",
        "GetObject",
        "HeadObject",
    ]


class TestCountingProxy:
    def test_counts_what_was_asked(self, counting_proxy: CountingProxy) -> None:
        with client_of(counting_proxy.url) as client:
            client.list_objects_v2(Bucket="demo", Delimiter="/")
            with counting_proxy.recording() as recording:
                client.get_object(Bucket="demo", Key=SMALL, Range="bytes=0-9")["Body"].read()
                client.head_object(Bucket="demo", Key=SMALL)
            client.list_buckets()
        assert recording.ops == {"GetObject": 1, "HeadObject": 1}
        read, _ = recording.requests
        assert (read.method, read.key, read.byte_range, read.status) == ("GET", f"demo/{SMALL}", "bytes=0-9", 206)
        assert read.bytes_out > 10
        assert counting_proxy.ops == {"List": 1, "GetObject": 1, "HeadObject": 1, "ListBuckets": 1}
        assert "delimiter=%2F" in counting_proxy.requests[0].query

    def test_a_seen_answer_has_been_counted(self, counting_proxy: CountingProxy) -> None:
        with client_of(counting_proxy.url) as client:
            for number in range(1, 101):
                client.head_object(Bucket="demo", Key=SMALL)
                assert counting_proxy.ops["HeadObject"] == number

    def test_counts_many_threads(self, counting_proxy: CountingProxy) -> None:
        with client_of(counting_proxy.url) as client, ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: client.head_object(Bucket="demo", Key=SMALL), range(200)))
        assert counting_proxy.ops == {"HeadObject": 200}
        assert 1 <= counting_proxy.inflight_peak <= 8

    def test_reset_forgets_requests_and_conditions(self, counting_proxy: CountingProxy) -> None:
        counting_proxy.configure(deny_match="List")
        assert request(f"{counting_proxy.url}/demo")[0] == 403
        counting_proxy.reset()
        assert counting_proxy.requests == []
        assert request(f"{counting_proxy.url}/demo")[0] == 200

    def test_bodies_pass_unchanged(self, counting_proxy: CountingProxy) -> None:
        content = bytes(range(256)) * 40_000
        with client_of(counting_proxy.url) as client:
            client.put_object(Bucket="scratch", Key="proxy/big", Body=content)
            assert client.get_object(Bucket="scratch", Key="proxy/big")["Body"].read() == content
            client.put_object(Bucket="scratch", Key="proxy/none", Body=b"")
            assert client.get_object(Bucket="scratch", Key="proxy/none")["Body"].read() == b""
            client.delete_object(Bucket="scratch", Key="proxy/big")
            client.delete_object(Bucket="scratch", Key="proxy/none")
        assert counting_proxy.requests[0].bytes_in >= len(content)

    def test_chunked_requests_pass(self, counting_proxy: CountingProxy) -> None:
        port = urlsplit(counting_proxy.url).port
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            for _ in range(2):  # the second shows that the end of the first was found
                connection.request("PUT", "/scratch/chunked", iter([b"ab", b"c" * 5000]), encode_chunked=True)
                with connection.getresponse() as response:
                    assert response.status == 200
                    response.read()
        assert request(f"{counting_proxy.url}/scratch/chunked", "DELETE")[0] == 204

    @pytest.mark.parametrize("mode", ["slowdown", "reset", "truncate"])
    def test_first_requests_fail(self, counting_proxy: CountingProxy, mode: str) -> None:
        counting_proxy.configure(fail_first=2, fail_modes=(mode,), fail_match="^GetObject")
        with client_of(counting_proxy.url) as client:
            assert client.head_object(Bucket="demo", Key=SMALL)
            for _ in range(2):
                with pytest.raises((ClientError, HTTPClientError)):
                    client.get_object(Bucket="demo", Key=SMALL)["Body"].read()
            assert client.get_object(Bucket="demo", Key=SMALL)["Body"].read()
        assert [record.fault for record in counting_proxy.requests] == [None, mode, mode, None]

    def test_retries_succeed(self, counting_proxy: CountingProxy) -> None:
        counting_proxy.configure(fail_first=2, fail_modes=("slowdown", "reset"))
        with client_of(counting_proxy.url, retries=4) as client:
            assert client.get_object(Bucket="demo", Key=SMALL)["Body"].read()
        assert counting_proxy.ops == {"GetObject": 3}

    def test_a_stalled_request_is_never_answered(self, counting_proxy: CountingProxy) -> None:
        counting_proxy.configure(fail_first=1, fail_modes=("stall",))
        parts = urlsplit(counting_proxy.url)
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.sendall(b"GET /demo HTTP/1.1\r\nHost: test\r\n\r\n")
            connection.settimeout(0.2)
            with pytest.raises(TimeoutError):
                connection.recv(1)
        wait_until(lambda: counting_proxy.traffic.inflight == 0)

    def test_failures_are_repeatable(self, counting_proxy: CountingProxy) -> None:
        def faults() -> list[str | None]:
            counting_proxy.reset()
            counting_proxy.configure(fail_rate=0.4, seed=7)
            for _ in range(40):
                request(f"{counting_proxy.url}/demo/README.md")
            return [record.fault for record in counting_proxy.requests]

        first = faults()
        assert first == faults()
        assert set(first) == {None, "slowdown"}

    def test_denied_requests_never_arrive(self, fake_s3: FakeS3, counting_proxy: CountingProxy) -> None:
        counting_proxy.configure(deny_match=r"^(List|PutObject) ")
        fake_s3.reset()
        with client_of(counting_proxy.url) as client:
            with pytest.raises(ClientError) as caught:
                client.list_objects_v2(Bucket="demo")
            assert error_code(caught) == "AccessDenied"
            with pytest.raises(ClientError) as caught:  # and not a broken pipe, though the body is long
                client.put_object(Bucket="scratch", Key="denied", Body=b"x" * 20_000_000)
            assert error_code(caught) == "AccessDenied"
            assert client.get_object(Bucket="demo", Key=SMALL)["Body"].read()
        assert fake_s3.ops == {"GetObject": 1}

    def test_missing_objects_can_look_forbidden(self, counting_proxy: CountingProxy) -> None:
        counting_proxy.configure(missing_as_403=True)
        with client_of(counting_proxy.url) as client:
            with pytest.raises(ClientError) as caught:
                client.get_object(Bucket="demo", Key="nothing")
            assert error_code(caught) == "AccessDenied"
            with pytest.raises(ClientError) as caught:
                client.head_object(Bucket="demo", Key="nothing")
            assert error_code(caught) == "403"
            with pytest.raises(ClientError) as caught:
                client.list_objects_v2(Bucket="no-such-bucket")
            assert error_code(caught) == "NoSuchBucket"
            assert client.get_object(Bucket="demo", Key=SMALL)["Body"].read()
        assert [record.status for record in counting_proxy.requests] == [403, 403, 404, 200]

    def test_latency_delays_each_answer(self, counting_proxy: CountingProxy) -> None:
        counting_proxy.configure(latency_ms=30)
        for _ in range(3):
            assert request(f"{counting_proxy.url}/demo/README.md")[0] == 200
        assert all(record.elapsed_s >= 0.03 for record in counting_proxy.requests)

    def test_bandwidth_spreads_an_answer(self, counting_proxy: CountingProxy) -> None:
        counting_proxy.configure(bandwidth_mbps=80)
        status, _, body = request(f"{counting_proxy.url}/demo/big.bin", headers={"Range": "bytes=0-1999999"})
        assert (status, len(body)) == (206, 2_000_000)
        wait_until(lambda: counting_proxy.traffic.inflight == 0)
        assert counting_proxy.requests[0].elapsed_s >= 0.2

    def test_too_many_at_once(self, counting_proxy: CountingProxy) -> None:
        counting_proxy.configure(max_inflight=2, latency_ms=50)
        barrier = threading.Barrier(6)

        def ask(_: int) -> int:
            barrier.wait()
            return request(f"{counting_proxy.url}/demo/README.md")[0]

        with ThreadPoolExecutor(6) as pool:
            statuses = Counter(pool.map(ask, range(6)))
        assert set(statuses) <= {200, 503}
        assert statuses[200] >= 2

    def test_without_upstream(self) -> None:
        (port,) = free_ports(1)
        with CountingProxy(f"http://127.0.0.1:{port}") as proxy:
            assert request(f"{proxy.url}/b/k")[0] == 502

    def test_closing_ends_open_requests(self, fake_s3: FakeS3) -> None:
        proxy = CountingProxy(fake_s3.url, fail_first=1, fail_modes=("stall",))
        parts = urlsplit(proxy.url)
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.sendall(b"GET /demo HTTP/1.1\r\nHost: test\r\n\r\n")
            wait_until(lambda: bool(proxy.requests))
            proxy.close()
            with contextlib.suppress(ConnectionResetError):  # a closed connection may also show as a reset
                assert connection.recv(1) == b""
        proxy.close()


@pytest.fixture(scope="module")
def bucket(swift: Swift) -> str:
    """A private bucket of Swift with odd keys."""
    with closing(swift.client()) as client:
        client.create_bucket(Bucket="test-servers")
        for key in ODD_KEYS:
            client.put_object(Bucket="test-servers", Key=key, Body=key.encode())
    return "test-servers"


class TestSwift:
    def test_signatures_hold_through_the_proxy(self, swift_proxy: CountingProxy, bucket: str) -> None:
        with client_of(swift_proxy.url, *DEMO) as client:
            for key in ODD_KEYS:
                assert client.get_object(Bucket=bucket, Key=key)["Body"].read().decode() == key
            assert all_keys(client, bucket, PaginationConfig={"PageSize": 5}) == sorted(ODD_KEYS)
        assert swift_proxy.ops == {"GetObject": len(ODD_KEYS), "List": -(-len(ODD_KEYS) // 5)}

    @pytest.mark.parametrize(
        ("key", "secret", "code"),
        [
            (DEMO.key, "wrong", "SignatureDoesNotMatch"),
            ("demo:nobody", "wrong", "SignatureDoesNotMatch"),
            (*READER, "AccessDenied"),
            (*OTHER, "NoSuchBucket"),
            (None, None, "AccessDenied"),
        ],
    )
    def test_refusals(self, swift_proxy: CountingProxy, bucket: str, key: str, secret: str, code: str) -> None:
        with client_of(swift_proxy.url, key, secret) as client:
            with pytest.raises(ClientError) as caught:
                client.list_objects_v2(Bucket=bucket)
            assert error_code(caught) == code
            with pytest.raises(ClientError) as caught:
                client.get_object(Bucket=bucket, Key="same")
            assert error_code(caught) == code

    def test_public_buckets_need_no_signature(self, swift: Swift) -> None:
        with closing(swift.client()) as owner, closing(swift.client(None)) as anybody:
            owner.create_bucket(Bucket="test-public")
            owner.put_object(Bucket="test-public", Key="a b/#?%41+é", Body=b"open")
            with pytest.raises(ClientError):
                anybody.list_objects_v2(Bucket="test-public")
            owner.put_bucket_acl(Bucket="test-public", ACL="public-read")
            assert all_keys(anybody, "test-public") == ["a b/#?%41+é"]
            assert anybody.get_object(Bucket="test-public", Key="a b/#?%41+é")["Body"].read() == b"open"
            with pytest.raises(ClientError):
                anybody.put_object(Bucket="test-public", Key="b", Body=b"")

    def test_filled_containers_list_by_page(self, swift: Swift) -> None:
        swift.fill("test-filled", 2500, fanout=3)
        with closing(swift.client()) as client:
            keys = all_keys(client, "test-filled")
            assert keys == sorted(f"d{i % 3:04d}/k{i:07d}" for i in range(2500))
            top = client.list_objects_v2(Bucket="test-filled", Delimiter="/")
            assert [row["Prefix"] for row in top["CommonPrefixes"]] == ["d0000/", "d0001/", "d0002/"]

    def test_samples_arrive(self, swift: Swift, swift_samples: str, sample_dir: Path) -> None:
        with closing(swift.client()) as client:
            assert all_keys(client, swift_samples) == sorted(name for name, _ in walk_files(sample_dir))


class TestFakeS3:
    def test_conditions_from_outside(self, tmp_path: Path) -> None:
        with FakeS3(tmp_path / "log", only="demo", deny_match="^List ", latency_ms=5) as server:
            assert request(f"{server.url}/demo")[0] == 403
            server.configure(deny_match="", missing_as_403=True, fail_first=1, fail_modes=("slowdown", "reset"))
            assert [request(f"{server.url}/demo/x")[0] for _ in range(2)] == [503, 403]
            assert [record.fault for record in server.requests] == ["denied", "slowdown", "denied"]
            assert all(record.elapsed_s >= 0.005 for record in server.requests)
            server.reset()
            assert server.requests == []
            assert request(f"{server.url}/-/config?no_such=1", "POST")[0] == 400

    def test_short_pages_lose_nothing(self, tmp_path: Path) -> None:
        with FakeS3(tmp_path / "log", only="demo", short_pages=True, list_page=7) as server:
            with client_of(server.url) as client:
                keys = all_keys(client, "demo", Prefix="odd/")
            pages = server.ops["List"]
        assert keys == sorted([*(key for key in ODD_KEYS if key.startswith("odd/")), "odd/marker/"])
        assert pages > 2

    def test_access(self, fake_s3: FakeS3) -> None:
        with client_of(fake_s3.url, None, None) as anybody, client_of(fake_s3.url, "bad") as bad:
            assert anybody.list_objects_v2(Bucket="demo", MaxKeys=1)["KeyCount"] == 1
            with pytest.raises(ClientError) as caught:
                anybody.list_objects_v2(Bucket="private")
            assert error_code(caught) == "AccessDenied"
            with pytest.raises(ClientError) as caught:
                bad.list_objects_v2(Bucket="demo")
            assert error_code(caught) == "InvalidAccessKeyId"

    def test_buckets(self, fake_s3: FakeS3) -> None:
        with client_of(fake_s3.url) as client:
            names = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
            assert {"million", "million-flat", "wide", "deep", "zarrs", "bigzarr", "huge"} <= set(names)
            last = client.list_objects_v2(Bucket="million", StartAfter="d099/k009997.bin")
            assert [row["Key"] for row in last["Contents"]] == ["d099/k009998.bin", "d099/k009999.bin"]
            trap = client.list_objects_v2(Bucket="huge", Prefix="huge.zarr/", Delimiter="/")
            assert [row["Prefix"] for row in trap["CommonPrefixes"]] == ["huge.zarr/x/"]

    def test_writes(self, fake_s3: FakeS3) -> None:
        with client_of(fake_s3.url) as client:
            for key in ODD_KEYS:
                client.put_object(Bucket="scratch", Key=f"w/{key}", Body=key.encode(), Metadata={"n": "1"})
            assert all_keys(client, "scratch", Prefix="w/") == sorted(f"w/{key}" for key in ODD_KEYS)
            read = client.get_object(Bucket="scratch", Key="w/same", Range="bytes=-2")
            assert (read["Body"].read(), read["Metadata"]) == (b"me", {"n": "1"})
            client.copy_object(Bucket="scratch", Key="w/copy", CopySource={"Bucket": "demo", "Key": SMALL})
            upload = client.create_multipart_upload(Bucket="scratch", Key="w/parts")["UploadId"]
            parts = []
            for number in (1, 2):
                part = {"Bucket": "scratch", "Key": "w/parts", "UploadId": upload, "PartNumber": number}
                parts.append({"PartNumber": number, "ETag": client.upload_part(**part, Body=b"%d" % number)["ETag"]})
            client.complete_multipart_upload(
                Bucket="scratch", Key="w/parts", UploadId=upload, MultipartUpload={"Parts": parts}
            )
            assert client.get_object(Bucket="scratch", Key="w/parts")["Body"].read() == b"12"
            client.delete_objects(
                Bucket="scratch",
                Delete={"Objects": [{"Key": key} for key in all_keys(client, "scratch", Prefix="w/")]},
            )
            assert all_keys(client, "scratch", Prefix="w/") == []


def test_moto(moto: MotoS3) -> None:
    with closing(moto.client()) as client:
        client.create_bucket(Bucket="test-moto")
        client.put_object(Bucket="test-moto", Key="a/b", Body=b"1")
        assert all_keys(client, "test-moto") == ["a/b"]
