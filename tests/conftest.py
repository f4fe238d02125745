"""Fixtures of all tests: an environment without the machine's own settings, and the store servers."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

# Fixtures are found where their names are.
from .servers.fixtures import *  # noqa: F403

#: Variables by which a machine's owner points clients at accounts, projects, proxies or buckets.
_OWNERS = ("AWS_", "GOOGLE_", "GCLOUD_", "CLOUDSDK_", "AZURE_", "FSSPEC_")
_OWNERS_EXACT = ("BOTO_CONFIG", "SCRATCH_BUCKET", "PANGEO_SCRATCH", "PERSISTENT_BUCKET")


@pytest.fixture(scope="session", autouse=True)
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hides the accounts of whoever runs the tests: an empty home, and no variables that clients read."""
    # A shell that starts tests in the background makes all that they start deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(_OWNERS) or name in _OWNERS_EXACT or name.lower().endswith("_proxy"):
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("USERPROFILE", str(home))
        patch.setenv("AWS_CONFIG_FILE", str(home / "aws-config"))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "aws-credentials"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        # Otherwise gcsfs asks a gRPC service, which no emulator has, for each bucket's type: 60 s per bucket.
        patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        yield
