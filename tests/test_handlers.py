"""The HTTP contract: every route, who may use it, what it answers, and what it never says."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import User
from tornado.httpclient import HTTPClientError, HTTPResponse
from tornado.web import create_signed_value

from jupyterlab_zarrbrowser.handlers import ROUTES

Fetch = Callable[..., Awaitable[HTTPResponse]]

SECRET = "sentinel-5d41402abc4b2a76"
API = ("zarrbrowser", "api")

#: One request for each route and verb; the table test below fails when a route is missing here.
REQUESTS: dict[str, dict[str, Any]] = {
    "endpoints": {"method": "GET"},
    "children": {"method": "GET", "params": {"endpoint": "files", "key": ""}},
    "node": {"method": "GET", "params": {"endpoint": "files", "key": "plain/"}},
    "nodes": {"method": "POST", "body": json.dumps({"endpoint": "files", "keys": ["plain/"]})},
    "snippets": {"method": "GET", "params": {"endpoint": "files", "key": "plain/note.txt"}},
}


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
    assert REQUESTS.keys() == ROUTES.keys()


@pytest.mark.parametrize("name", REQUESTS)
async def test_answers_an_authenticated_user(jp_fetch: Fetch, name: str) -> None:
    response = await jp_fetch(*API, name, **REQUESTS[name])
    assert response.code == 200
    assert response.headers["Content-Type"].startswith("application/json")
    strict_json(response.body)


@pytest.mark.parametrize("name", REQUESTS)
async def test_refuses_without_a_token(jp_fetch: Fetch, name: str) -> None:
    status, body = await refused(jp_fetch, *API, name, **REQUESTS[name], headers={"Authorization": "token wrong"})
    assert status == 403
    assert body["code"] == "forbidden"


RESERVED = [
    ("GET", "preview"),
    ("GET", "download"),
    ("GET", "scratch"),
    ("POST", "jobs"),
    ("GET", "jobs/1"),
    ("DELETE", "jobs/1"),
    ("GET", "jobs/1/events"),
    ("POST", "uploads"),
    ("GET", "uploads/1"),
    ("DELETE", "uploads/1"),
    ("PUT", "uploads/1/parts/1"),
    ("POST", "uploads/1/complete"),
]


@pytest.mark.parametrize(("method", "path"), RESERVED)
async def test_reserved_routes_are_guarded_and_say_so(jp_fetch: Fetch, method: str, path: str) -> None:
    body = {"body": "{}"} if method in {"POST", "PUT"} else {}
    status, error = await refused(jp_fetch, *API, *path.split("/"), method=method, **body)
    assert (status, error["code"]) == (501, "not_available")
    wrong = {"Authorization": "token wrong"}
    status, error = await refused(jp_fetch, *API, *path.split("/"), method=method, headers=wrong, **body)
    assert (status, error["code"]) == (403, "forbidden")


class DenyZarrBrowser(Authorizer):
    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return resource != "zarrbrowser"


@pytest.mark.parametrize("name", REQUESTS)
async def test_refuses_whom_the_authorizer_refuses(jp_fetch: Fetch, jp_serverapp: Any, name: str) -> None:
    jp_serverapp.web_app.settings["authorizer"] = DenyZarrBrowser(parent=jp_serverapp)
    status, _ = await refused(jp_fetch, *API, name, **REQUESTS[name])
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
    assert [each["id"] for each in found] == ["files", "dead"]
    assert SECRET not in response.body.decode()
    assert found[1] == {
        "id": "dead",
        "title": "dead",
        "kind": "s3",
        "url": "s3://",
        "writable": False,
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


async def test_one_dead_endpoint_does_not_hold_up_another(jp_fetch: Fetch) -> None:
    await refused(jp_fetch, *API, "children", params={"endpoint": "dead"})
    response = await jp_fetch(*API, "endpoints")
    status = {each["id"]: each["status"] for each in strict_json(response.body)["endpoints"]}
    assert status == {"files": "unchecked", "dead": "problem"}


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


async def test_refresh_shows_what_changed(jp_fetch: Fetch, data: Path) -> None:
    async def names(**more: str) -> list[str]:
        response = await jp_fetch(*API, "children", params={"endpoint": "files", "key": "plain/", **more})
        return [each["name"] for each in strict_json(response.body)["items"]]

    assert await names() == ["note.txt"]
    (data / "plain" / "new.txt").write_text("new", encoding="utf-8")
    assert await names() == ["note.txt"], "answers are remembered"
    assert await names(refresh="1") == ["new.txt", "note.txt"]
