"""What is offered without configuration: names only, whatever the files hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyterlab_zarrbrowser.config import (
    AzureConfig,
    AzureCredentials,
    GcsConfig,
    LocalConfig,
    S3Config,
    ScratchConfig,
    read_endpoints,
)
from jupyterlab_zarrbrowser.discovery import discover, from_environment, from_profiles, from_scratch, remarks

SECRET = "s3cr3t"


def write_aws(home: Path, config: str = "", credentials: str = "") -> None:
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(config, encoding="utf-8")
    (home / ".aws" / "credentials").write_text(credentials, encoding="utf-8")


def test_buckets_of_the_environment() -> None:
    found = from_environment(
        {
            "SCRATCH_BUCKET": "s3://scratch/jane",
            "PANGEO_SCRATCH": "gs://old/jane/",
            "PERSISTENT_BUCKET": "gcs://keep/jane",
            "PERSISTENT_PUBLIC_BUCKET": "",
            "HOME": "s3://not/this",
        }
    )
    assert [(config.id, type(config), config.root, source, bool(scratch)) for config, source, scratch in found] == [
        ("scratch-bucket", S3Config, "s3://scratch/jane", "environment", True),
        ("pangeo-scratch", GcsConfig, "gs://old/jane/", "environment", True),
        ("persistent-bucket", GcsConfig, "gcs://keep/jane", "environment", False),
    ]


def test_one_place_is_offered_once() -> None:
    found = from_environment({"SCRATCH_BUCKET": "s3://scratch/jane", "PANGEO_SCRATCH": "s3://scratch/jane/ "})
    assert [config.id for config, _, _ in found] == ["scratch-bucket"]


@pytest.mark.parametrize(
    "value",
    ["", " ", "scratch", "s3://", "s3:///", "abfs://", "az://x@y/z", "wasbs://x/y", "https://x/y", "/tmp", "://"],
)
def test_variables_that_name_no_bucket(value: str) -> None:
    assert from_environment({"SCRATCH_BUCKET": value}) == []


def test_configured_scratch() -> None:
    configs = [
        ScratchConfig(url_env=["MINE", "SCRATCH_BUCKET"], lifetime_days=30, quota_bytes=10),
        ScratchConfig(url="gs://team/scratch"),
        ScratchConfig(url_env=["NOT_SET"]),
    ]
    found = from_scratch(configs, {"SCRATCH_BUCKET": "s3://scratch/jane", "MINE": ""})
    assert [(config.id, config.root, source) for config, source, _ in found] == [
        ("scratch", "s3://scratch/jane", "environment"),
        ("scratch-2", "gs://team/scratch", "admin"),
    ]
    first = found[0][2]
    assert first is not None
    assert (first.variable, first.lifetime_days, first.config.quota_bytes) == ("SCRATCH_BUCKET", 30, 10)


def test_profiles(tmp_path: Path) -> None:
    write_aws(
        tmp_path,
        config=(
            "[default]\nregion = x\n[profile js2]\nendpoint_url = https://js2.example\n[profile my  lab]\n"
            "[sso-session work]\n[services ours]\ns3 =\n  endpoint_url = https://x\n[js3]\n"
        ),
        credentials=f"[js2]\naws_access_key_id = {SECRET}\naws_secret_access_key = {SECRET}\n[only-here]\n[default]\n",
    )
    found = from_profiles({}, tmp_path)
    assert [(config.id, config.title) for config, _, _ in found] == [
        ("profile-default", "default"),
        ("profile-js2", "js2"),
        ("profile-my-lab", "my  lab"),
        ("profile-only-here", "only-here"),
    ]
    assert [config.profile for config, _, _ in found if isinstance(config, S3Config)] == [
        "default",
        "js2",
        "my  lab",
        "only-here",
    ]
    assert SECRET not in repr(found)


def test_profiles_whose_names_look_alike_have_ids_of_their_own(tmp_path: Path) -> None:
    write_aws(tmp_path, "[profile a b]\n[profile a-b]\n[profile a/b]\n[profile é]\n[profile ü]\n")
    ids = [config.id for config, _, _ in from_profiles({}, tmp_path)]
    assert len(ids) == 5
    assert len(set(ids)) == 5
    read_endpoints([{"id": each, "kind": "local", "root": "~"} for each in ids])


def test_files_named_by_the_environment(tmp_path: Path) -> None:
    write_aws(tmp_path, "[profile not-this]\n", "[nor-this]\n")
    other = tmp_path / "other"
    other.write_text("[profile this]\n")
    environ = {"AWS_CONFIG_FILE": str(other), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "missing")}
    assert [config.title for config, _, _ in from_profiles(environ, tmp_path)] == ["this"]


@pytest.mark.parametrize(
    "content", [b"nonsense", b"[", b"[a]\n[a]\n", b"\xff\xfe\x00", b"x = 1\n", b"[default]\nx\n%(y)s"]
)
def test_broken_files_offer_nothing_and_break_nothing(tmp_path: Path, content: bytes) -> None:
    write_aws(tmp_path)
    (tmp_path / ".aws" / "config").write_bytes(content)
    assert len(from_profiles({}, tmp_path)) <= 1


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / ".aws" / "config").mkdir(parents=True)
    assert from_profiles({}, tmp_path) == []


def test_everything_in_order(tmp_path: Path) -> None:
    write_aws(tmp_path, "[profile js2]\n")
    found = discover({"SCRATCH_BUCKET": "s3://scratch/jane"}, tmp_path, "/srv/jane")
    assert [(config.id, source) for config, source, _ in found] == [
        ("scratch-bucket", "environment"),
        ("profile-js2", "profile"),
        ("server", "server"),
    ]
    assert isinstance(found[-1][0], LocalConfig)
    assert discover({}, tmp_path / "empty", "") == []


@pytest.mark.parametrize(
    ("place", "user", "root", "own_key", "writable"),
    [
        ("s3://hub/{user}", "ada", "s3://hub/ada", "", True),
        ("s3://hub/$JUPYTERHUB_USER/", "ada", "s3://hub/ada/", "", True),
        ("gs://hub/${JUPYTERHUB_USER}/tmp", "ada", "gs://hub/ada/tmp", "", True),
        ("gs://hub/ada", "ada", "gs://hub/ada", "", True),
        ("s3://hub", "ada", "s3://hub", "ada/", ["ada/"]),
        ("s3://ada", "ada", "s3://ada", "", True),
        ("s3://scratch-ada", "ada", "s3://scratch-ada", "", True),
        ("s3://scratch-adam", "ada", "s3://scratch-adam", "ada/", ["ada/"]),
        ("s3://scratch-a", "a", "s3://scratch-a", "a/", ["a/"]),
        ("s3://hub/ada/shared", "ada", "s3://hub/ada/shared", "", True),
        ("S3://hub/ada", "ada", "s3://hub/ada", "", True),
        ("s3://hub/ada-40example-2eorg", "Ada@Example.org", "s3://hub/ada-40example-2eorg", "", True),
        ("s3://hub/-41da-40x", "Ada@x", "s3://hub/-41da-40x", "", True),
        ("s3://hub-ada-example-org/x", "ada@example.org", "s3://hub-ada-example-org/x", "", True),
        ("s3://hub/ada-x---2e7d2c03", "c", "s3://hub/ada-x---2e7d2c03", "", True),
        ("s3://hub/{escaped_username}/x", "ada@x.org", "s3://hub/ada-40x-2eorg/x", "", True),
        ("s3://hub/{escaped_user}", "ada", "s3://hub/ada", "", True),
        ("s3://hub/x/a-{tenant}/{user}", "ada", "s3://hub/x/", "", False),
        ("s3://hub/a-{escaped_user}", "", "s3://hub/", "", False),
        ("s3://hub", "", "s3://hub", "", False),
        ("s3://hub/", "", "s3://hub/", "", False),
        (r"s3://hub/{user}", r"DOMAIN\user", r"s3://hub/DOMAIN\user", "", True),
        ("s3://hub/scratch/", "ada", "s3://hub/scratch/", "ada/", ["ada/"]),
        ("s3://hub/scratch/", "", "s3://hub/scratch/", "", True),
        ("s3://hub/{user}/", "", "s3://hub/", "", False),
    ],
)
def test_places_of_all_users(place: str, user: str, root: str, own_key: str, writable: bool | list[str]) -> None:
    [found] = from_environment({"SCRATCH_BUCKET": place, "JUPYTERHUB_USER": user})
    assert (found.config.root, found.config.writable) == (root, writable)
    assert found.scratch is not None
    assert found.scratch.own_key == own_key
    assert found.config.allows_writing(own_key + "x.zarr/") is bool(writable)
    if own_key:
        assert not found.config.allows_writing("bob/x.zarr/")
        assert not found.config.allows_writing("ada-2/x")


@pytest.mark.parametrize("writable", [True, False])
def test_the_configuration_may_say_that_a_whole_bucket_is_the_users_own(writable: bool) -> None:
    config = ScratchConfig(url="s3://hub", writable=writable)
    (found,) = from_scratch([config], {})
    assert found.config.writable is writable
    assert bool(remarks([config], {})) is not writable
    (found,) = from_scratch([ScratchConfig(url="s3://hub")], {})
    assert found.config.writable is False


def test_a_bucket_whose_name_is_not_known_is_not_shown() -> None:
    assert from_environment({"SCRATCH_BUCKET": "s3://scratch-{user}"}) == []
    assert [each.code for each in remarks([], {"SCRATCH_BUCKET": "s3://scratch-{user}"})] == ["scratch_shared"]


def test_what_is_not_known_of_a_place_is_remarked_on_once() -> None:
    (unknown,) = remarks([], {"SCRATCH_BUCKET": "s3://hub/{tenant}", "JUPYTERHUB_USER": "ada"})
    assert (unknown.code, unknown.level) == ("scratch_placeholder", "warning")
    assert "{tenant}" in unknown.message
    (whole,) = remarks([], {"SCRATCH_BUCKET": "s3://hub"})
    assert whole.code == "scratch_shared"
    assert "can only be read" in whole.message
    assert remarks([], {"SCRATCH_BUCKET": "s3://hub", "JUPYTERHUB_USER": "ada"}) == []
    twice = [ScratchConfig(url_env=["SCRATCH_BUCKET"]), ScratchConfig(url_env=["SCRATCH_BUCKET"], title="Other")]
    assert len(remarks(twice, {"SCRATCH_BUCKET": "s3://hub"})) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("s3://scratch", "s3://scratch/ada"),
        ("s3://scratch/ada", "S3://scratch/{user}/"),
        ("gs://scratch/ada/", "gcs://scratch"),
        ("abfs://scratch/ada", "az://scratch"),
        ("abfs://scratch@acc.dfs.core.windows.net", "abfss://acc.dfs.core.windows.net/scratch/ada"),
    ],
)
def test_one_place_that_is_written_in_two_ways(first: str, second: str) -> None:
    environ = {"SCRATCH_BUCKET": first, "PANGEO_SCRATCH": second, "JUPYTERHUB_USER": "ada"}
    assert remarks([], environ) == []
    assert len(from_environment(environ)) == 1


def test_a_service_is_taken_over_from_an_endpoint() -> None:
    service = S3Config(id="js2", endpoint_url="https://js2.example", profile="js2", root="s3://other")
    [found] = from_scratch(
        [ScratchConfig(url="s3://scratch/{user}", endpoint="js2")], {"JUPYTERHUB_USER": "ada"}, [service]
    )
    config = found.config
    assert isinstance(config, S3Config)
    assert (config.endpoint_url, config.profile, config.root) == ("https://js2.example", "js2", "s3://scratch/ada")


def test_variables_that_disagree_are_remarked_on() -> None:
    same = remarks([], {"SCRATCH_BUCKET": "s3://a/ada", "PANGEO_SCRATCH": "s3://a/ada/"})
    assert same == []
    [differ] = remarks([], {"SCRATCH_BUCKET": "s3://a/ada", "PANGEO_SCRATCH": "gs://b/ada"})
    assert "SCRATCH_BUCKET is taken" in differ.message
    [unknown] = remarks([], {"SCRATCH_BUCKET": "wasbs://a/ada"})
    assert unknown.code == "scratch_scheme"
    assert "abfs://" in unknown.hint
    assert remarks([], {"SCRATCH_BUCKET": "abfs://a/ada"}) == []
    [shared] = remarks([], {"SCRATCH_BUCKET": "s3://a/{user}"})
    assert shared.code == "scratch_shared"


@pytest.mark.parametrize(
    "written", ["{user}", "{username}", "{unescaped_username}", "{USER}", "$USER", "${USER}", "$JUPYTERHUB_USER"]
)
@pytest.mark.parametrize("variable", ["JUPYTERHUB_USER", "NB_USER_NAME"])
def test_every_spelling_of_the_user(written: str, variable: str) -> None:
    (found,) = from_scratch([ScratchConfig(url=f"gs://hub/a/{written}/b")], {variable: "ada"})
    assert (found.config.root, found.config.writable) == ("gs://hub/a/ada/b", True)
    assert found.scratch is not None
    assert (found.scratch.own_key, found.scratch.user, found.scratch.variable) == ("", "ada", None)


def test_an_own_part_of_a_place_that_may_only_be_read() -> None:
    (found,) = from_scratch([ScratchConfig(url="s3://hub", writable=False)], {"JUPYTERHUB_USER": "ada"})
    assert found.config.writable is False
    assert found.scratch is not None
    assert found.scratch.own_key == "ada/"


@pytest.mark.parametrize(("endpoint", "why"), [("google", "another kind"), ("nobody", "not configured")])
def test_a_service_of_another_kind_or_of_none_is_remarked_on(endpoint: str, why: str) -> None:
    service = GcsConfig(id="google", project="p", anon=True)
    configs = [ScratchConfig(url="s3://scratch/ada", endpoint=endpoint), ScratchConfig(url="s3://other/ada")]
    (found,) = from_scratch(configs, {}, [service])
    assert found.config == S3Config(id="scratch-2", title="Scratch", root="s3://other/ada", writable=True)
    (remark,) = remarks(configs, {}, [service])
    assert remark.code == "scratch_endpoint"
    assert why in remark.message
    assert "endpoint" in remark.hint
    assert remarks([ScratchConfig(url_env=["UNSET"], endpoint=endpoint)], {}, [service]) == []


def test_a_place_that_cannot_be_opened_does_not_hide_the_next() -> None:
    environ = {"SCRATCH_BUCKET": "wasbs://a/ada", "PANGEO_SCRATCH": "s3://b/ada"}
    assert [each.config.root for each in from_environment(environ)] == ["s3://b/ada"]
    (remark,) = remarks([], environ)
    assert (remark.code, remark.level) == ("scratch_scheme", "warning")
    assert "wasbs" in remark.message


@pytest.mark.parametrize(
    ("text", "user", "account", "root", "own_key"),
    [
        ("abfs://scratch/{user}", "ada", "", "abfs://scratch/ada", ""),
        ("az://scratch", "ada", "", "az://scratch", "ada/"),
        ("abfs://scratch@acc.dfs.core.windows.net", "ada", "acc", None, "ada/"),
        ("abfss://scratch@acc.dfs.core.windows.net/x/ada/", "ada", "acc", None, ""),
        ("abfs://acc.dfs.core.windows.net/scratch", "ada", "acc", None, "ada/"),
    ],
)
def test_places_in_azure(text: str, user: str, account: str, root: str | None, own_key: str) -> None:
    (found,) = from_environment({"SCRATCH_BUCKET": text, "JUPYTERHUB_USER": user})
    config = found.config
    assert isinstance(config, AzureConfig)
    assert config.root == (root or text)
    assert config.place.account == account
    assert config.place.path.startswith("scratch")
    assert found.scratch is not None
    assert found.scratch.own_key == own_key
    assert config.writable == ([own_key] if own_key else True)
    assert not config.conflicts()


def test_an_account_is_taken_over_from_an_endpoint() -> None:
    env = AzureCredentials(account_key="THE_KEY")
    service = AzureConfig(id="lab", root="abfs://data@acc.dfs.core.windows.net", env=env)
    (found,) = from_scratch([ScratchConfig(url="abfs://scratch/ada", endpoint="lab")], {}, [service])
    assert isinstance(found.config, AzureConfig)
    assert (found.config.place.account, found.config.place.path, found.config.env) == ("acc", "scratch/ada", env)
    elsewhere = [ScratchConfig(url="abfs://scratch@other.dfs.core.windows.net/ada", endpoint="lab")]
    assert from_scratch(elsewhere, {}, [service]) == []
    assert [remark.code for remark in remarks(elsewhere, {}, [service])] == ["scratch_endpoint"]
