"""What lies in a bucket of the browser tests' Swift, past the product.

``python bucket.py {list,uploads,remove} BUCKET [PREFIX]``

Prints JSON: for ``list`` the SHA-256 of each object by its key; for ``uploads`` the keys of unfinished uploads.
``remove`` takes an empty bucket away.
"""

from __future__ import annotations

import hashlib
import json
import sys
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.servers.s3_client import s3_client
from tests.servers.swift import DEMO


def main(what: str, bucket: str, prefix: str = "") -> None:
    url = (ROOT / "ui-tests" / "results" / "swift.url").read_text(encoding="utf-8")
    with closing(s3_client(url, DEMO.key, DEMO.secret)) as client:
        if what == "remove":
            client.delete_bucket(Bucket=bucket)
            print("null")
            return
        if what == "uploads":
            found = client.list_multipart_uploads(Bucket=bucket, Prefix=prefix)
            print(json.dumps([each["Key"] for each in found.get("Uploads", [])]))
            return
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
        print(json.dumps({key: _digest(client.get_object(Bucket=bucket, Key=key)["Body"]) for key in keys}))


def _digest(body: object) -> str:
    digest = hashlib.sha256()
    for chunk in body.iter_chunks(2**20):  # type: ignore[attr-defined]
        digest.update(chunk)
    return digest.hexdigest()


if __name__ == "__main__":
    main(*sys.argv[1:])
