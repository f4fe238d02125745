"""The store fails in all ways at each step of an upload: nothing is lost, nothing half looks whole, no parts stay."""

from __future__ import annotations

import pytest

from ..servers.counting_proxy import CountingProxy
from .conftest import Bucket
from .lab import STEPS, Uploader

LARGE = bytes(range(256)) * (9 * 2**20 // 256)
SMALL = {f"f/{number}": bytes([number]) * 100 for number in range(20)}

FAULTS = ("slowdown", "reset", "truncate", "mute", "stall")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", ["begin", "part", "complete", "look"])
async def test_what_passes_is_not_noticed(
    up: Uploader, bucket: Bucket, counting_proxy: CountingProxy, step: str, fault: str
) -> None:
    counting_proxy.configure(fail_first=2, fail_modes=fault, fail_match=STEPS[step])
    with counting_proxy.recording() as seen:
        status, answer = await up.whole("lab", "x", LARGE)
    assert status == 200, answer
    assert seen.faults, "the fault was met"
    assert bucket.contents() == {"x": LARGE}
    assert bucket.parts() == []


@pytest.mark.parametrize("fault", FAULTS)
async def test_small_files(up: Uploader, bucket: Bucket, counting_proxy: CountingProxy, fault: str) -> None:
    counting_proxy.configure(fail_first=5, fail_modes=fault, fail_match=STEPS["small"])
    for prefix in ("first/", "second/"):  # before and after it is known what the server can do
        files = {prefix + key: content for key, content in SMALL.items()}
        with counting_proxy.recording() as seen:
            assert await up.batch("lab", files) == (200, {"problems": []})
        assert seen.faults
        counting_proxy.configure(fail_first=5, fail_modes=fault, fail_match=STEPS["small"])
    assert bucket.contents() == {
        prefix + key: content for prefix in ("first/", "second/") for key, content in SMALL.items()
    }


@pytest.mark.parametrize("step", ["begin", "part", "complete"])
async def test_what_lasts_is_said_and_can_go_on(
    up: Uploader, bucket: Bucket, counting_proxy: CountingProxy, step: str
) -> None:
    counting_proxy.configure(fail_rate=1, fail_modes="slowdown", fail_match=STEPS[step])
    status, upload = await up.begin("lab", "x", len(LARGE))
    if step == "begin":
        answer = upload
    else:
        status, answer = await up.part(upload, 1, LARGE)
        if step == "complete":
            await up.part(upload, 2, LARGE)
            status, answer = await up.complete(upload)
    assert (status, answer["code"], answer["retryable"]) == (503, "throttled", True)
    assert bucket.contents() == {}
    counting_proxy.reset()
    assert (await up.whole("lab", "x", LARGE))[0] == 200
    assert bucket.contents() == {"x": LARGE}
    assert bucket.parts() == []


async def test_a_full_bucket(up: Uploader, bucket: Bucket) -> None:
    with bucket.client() as client:
        client.create_bucket(Bucket="full")
        _, answer = await up.batch("account", {"full/a": b"content", "full/b": b"content"})
        assert [(each["problem"]["code"], each["problem"]["retryable"]) for each in answer["problems"]] == [
            ("full", False),
            ("full", False),
        ]
        _, upload = await up.begin("account", "full/x", len(LARGE))
        status, answer = await up.part(upload, 1, LARGE)
        assert (status, answer["code"]) == (507, "full")
        assert (await up.cancel(upload["id"]))[0] == 200
        assert "Contents" not in client.list_objects_v2(Bucket="full")
        assert "Uploads" not in client.list_multipart_uploads(Bucket="full")


async def test_what_is_refused_is_said(up: Uploader, bucket: Bucket, counting_proxy: CountingProxy) -> None:
    counting_proxy.configure(deny_match="|".join((STEPS["small"], STEPS["begin"])))
    _, answer = await up.batch("lab", SMALL)
    assert {each["problem"]["code"] for each in answer["problems"]} == {"forbidden"}
    assert len(answer["problems"]) == len(SMALL)
    assert (await up.begin("lab", "x", len(LARGE)))[1]["code"] == "forbidden"
    assert bucket.contents() == {}
    assert bucket.parts() == []
