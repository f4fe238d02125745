"""Uploads to S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html.

Whatever is sent carries its MD5, which every S3 server checks; and what the server says that it got (its ETag) is
compared once more, since proxies and emulators were seen to cut bodies short.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import BrowserError
from .s3_answers import error_code
from .s3_signed import SignedPuts
from .uploads import MAX_BEGUN, Begun, ObjectUploads, Part, StoredPart, corrupted, exists

if TYPE_CHECKING:
    from .s3 import S3Store

_MD5 = re.compile(r"[0-9a-f]{32}")
_MD5_OF_PARTS = re.compile(r"[0-9a-f]{32}-\d+")

#: Encryptions with which an ETag is no MD5, as botocore and as HTTP name them
#: (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html).
_OPAQUE = {
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "SSECustomerAlgorithm": "x-amz-server-side-encryption-customer-algorithm",
}

#: What a server says that does not know conditional requests.
_NO_CONDITIONS = frozenset({"NotImplemented", "InvalidArgument", "InvalidRequest", "501"})

_TAKEN = frozenset({"PreconditionFailed", "412"})


class S3Uploads(ObjectUploads):
    def __init__(self, store: S3Store) -> None:
        super().__init__(store)
        self._s3 = store
        #: Whether the server refuses to replace what is there if it is asked not to; None until that was tried.
        self._knows_conditions: bool | None = None
        self._trying = asyncio.Lock()
        self._signed = SignedPuts()

    async def _put(self, key: str, data: bytes, media_type: str, replace: bool) -> None:
        digest = await _digest(data)
        if replace:
            await self._put_once(key, data, media_type, digest)
        elif self._knows_conditions:
            await self._put_new(key, data, media_type, digest)
        elif self._knows_conditions is None:
            async with self._trying:
                await self._put_and_learn(key, data, media_type, digest)
        elif not await self._has_arrived(key, data, digest):
            await self._put_once(key, data, media_type, digest)

    async def _put_and_learn(self, key: str, data: bytes, media_type: str, digest: bytes) -> None:
        """Put it twice: a server that does not mind the second time takes no notice of conditions."""
        if self._knows_conditions is not None:  # somebody else has tried meanwhile
            await self._put(key, data, media_type, replace=False)
            return
        if await self._has_arrived(key, data, digest):
            return
        try:
            await self._put_once(key, data, media_type, digest, IfNoneMatch="*")
        except Exception as exc:
            if error_code(exc) in _TAKEN:
                # Clients send again by themselves what was cut off, and it had arrived.
                self._knows_conditions = True
                await self._has_arrived(key, data, digest)
                return
            if not _knows_no_conditions(exc):
                raise
            self._knows_conditions = False
            await self._put_once(key, data, media_type, digest)
            return
        try:
            await self._put_once(key, data, media_type, digest, IfNoneMatch="*")
        except Exception as exc:  # noqa: BLE001  (the object is there, whatever happens to the second)
            self._knows_conditions = True if error_code(exc) in _TAKEN else None
        else:
            self._knows_conditions = False

    async def _put_new(self, key: str, data: bytes, media_type: str, digest: bytes) -> None:
        try:
            await self._put_once(key, data, media_type, digest, IfNoneMatch="*")
        except Exception as exc:
            if error_code(exc) not in _TAKEN:
                raise
            await self._has_arrived(key, data, digest)

    async def _has_arrived(self, key: str, data: bytes, digest: bytes) -> bool:
        """Whether these bytes lie there: the answer to a try before may have been lost.

        Raises BrowserError (``exists``) where others do.
        """
        there = await self._head(key)
        if there is not None and there != (len(data), digest.hex()):
            raise exists(self._s3, key)
        return there is not None

    async def _put_once(self, key: str, data: bytes, media_type: str, digest: bytes, **condition: str) -> None:
        bucket, object_key = self._s3.place_of(key)
        async with self._s3.client() as s3:
            answer = await self._put_signed(s3, bucket, object_key, data, media_type, digest, condition)
            if answer is None:
                said = {"ContentType": media_type} if media_type else {}
                said |= condition | self._s3.pays()
                with self._signed.learning(s3, bucket, object_key):
                    answer = await s3.put_object(
                        Bucket=bucket, Key=object_key, Body=data, ContentMD5=_base64(digest), **said
                    )
        if _differs(answer, digest):
            there = await self._head(key)
            if there is not None and there[1] == str(answer["ETag"]).strip('"'):  # and not somebody else's by now
                await asyncio.shield(self._s3._remove([key]))
            raise corrupted(self._s3, key)

    async def _begin(self, key: str, size: int, media_type: str, replace: bool) -> str:
        if not replace:
            await self.check_free(key)
        bucket, object_key = self._s3.place_of(key)
        said = {"ContentType": media_type} if media_type else {}
        async with self._s3.client() as s3:
            answer = await s3.create_multipart_upload(Bucket=bucket, Key=object_key, **said, **self._s3.pays())
        return str(answer["UploadId"])

    async def _put_part(self, key: str, token: str, part: Part) -> str:
        digest = await _digest(part.data)
        async with self._s3.client() as s3:
            answer = await s3.upload_part(
                **self._upload(key, token), PartNumber=part.number, Body=part.data, ContentMD5=_base64(digest)
            )
        if _differs(answer, digest):
            # Not a part of anything yet: it is simply put again.
            raise BrowserError("corrupted", f"A part of {self._s3.uri(key)} arrived as something else.")
        return str(answer["ETag"])

    async def _has(self, key: str, token: str, parts: Sequence[StoredPart]) -> list[StoredPart]:
        there: dict[int, tuple[int, str]] = {}
        marker = 0
        async with self._s3.client() as s3:
            while True:
                answer = await s3.list_parts(**self._upload(key, token), PartNumberMarker=marker)
                for each in answer.get("Parts", []):
                    there[each["PartNumber"]] = (each["Size"], str(each["ETag"]).strip('"'))
                following = int(answer.get("NextPartNumberMarker") or 0)
                if not answer.get("IsTruncated") or following <= marker:
                    break
                marker = following
        return [each for each in parts if there.get(each.number) == (each.size, each.tag.strip('"'))]

    async def _complete(self, key: str, token: str, parts: Sequence[StoredPart], replace: bool) -> None:
        tags = [each.tag.strip('"') for each in parts]
        expected = ""
        if all(_MD5.fullmatch(tag) for tag in tags):
            joined = hashlib.md5(b"".join(map(bytes.fromhex, tags)), usedforsecurity=False).hexdigest()
            expected = f"{joined}-{len(tags)}"
        size = sum(each.size for each in parts)
        if not replace and not _is_ours(there := await self._head(key), size, expected) and there is not None:
            raise exists(self._s3, key)
        try:
            etag = await self._put_together(key, token, parts, replace)
        except Exception as exc:
            # The answer to a try before may have been lost: then the upload is gone, and the object is there.
            if _is_ours(await self._head(key), size, expected):
                return
            if error_code(exc) in _TAKEN:
                raise exists(self._s3, key) from exc
            raise
        there = await self._head(key)
        if there is None:
            raise BrowserError("store_error", f"{self._s3.title} does not show {self._s3.uri(key)} yet.")
        is_other = expected and _MD5_OF_PARTS.fullmatch(there[1]) and there[1] != expected
        if there[0] == size and not is_other:
            return
        if there[1] != etag:
            # Not what was put together here: somebody else's, and not to be removed.
            raise BrowserError("conflict", f"Something else was written to {self._s3.uri(key)} meanwhile.")
        await asyncio.shield(self._s3._remove([key]))
        raise corrupted(self._s3, key)

    async def _put_together(self, key: str, token: str, parts: Sequence[StoredPart], replace: bool) -> str:
        """The ETag of the object."""
        listed = [{"PartNumber": each.number, "ETag": each.tag} for each in parts]
        condition = {"IfNoneMatch": "*"} if not replace and self._knows_conditions is not False else {}
        async with self._s3.client() as s3:

            async def complete(**condition: str) -> Any:
                return await s3.complete_multipart_upload(
                    **self._upload(key, token), MultipartUpload={"Parts": listed}, **condition
                )

            try:
                answer = await complete(**condition)
            except Exception as exc:
                if not condition or not _knows_no_conditions(exc):
                    raise
                answer = await complete()
        return str(answer.get("ETag", "")).strip('"')

    async def _put_signed(
        self,
        s3: Any,
        bucket: str,
        object_key: str,
        data: bytes,
        media_type: str,
        digest: bytes,
        condition: dict[str, str],
    ) -> dict[str, Any] | None:
        """The short way, where it is known. Of its answer, only what is looked at."""
        headers = {"Content-MD5": _base64(digest), "Content-Type": media_type or "application/octet-stream"}
        headers |= {"If-None-Match": "*"} if condition else {}
        headers |= {"x-amz-request-payer": "requester"} if self._s3.pays() else {}
        found = await self._signed.put(s3, bucket, object_key, data, headers)
        if found is None:
            return None
        return {"ETag": found.get("etag", ""), **{name: found.get(header) for name, header in _OPAQUE.items()}}

    async def _head(self, key: str) -> tuple[int, str] | None:
        """Size and ETag of an object, None where there is none; the ETag is empty where it tells nothing."""
        bucket, object_key = self._s3.place_of(key)
        try:
            async with self._s3.client() as s3:
                answer = await s3.head_object(Bucket=bucket, Key=object_key, **self._s3.pays())
        except Exception as exc:
            if self._s3.said(exc).code != "not_found":
                raise
            return None
        etag = "" if _is_opaque(answer) else str(answer.get("ETag", "")).strip('"')
        return int(answer["ContentLength"]), etag

    async def _give_up(self, key: str, token: str) -> None:
        async with self._s3.client() as s3:
            await s3.abort_multipart_upload(**self._upload(key, token))

    async def _is_empty(self, key: str, token: str) -> bool:
        async with self._s3.client() as s3:
            answer = await s3.list_parts(**self._upload(key, token), MaxParts=1)
        return not answer.get("Parts")

    async def _begun(self, container: str) -> list[Begun]:
        bucket, prefix = self._s3.split(container)
        if not bucket:
            return []
        found: list[Begun] = []
        marker: dict[str, str] = {}
        async with self._s3.client() as s3:
            while len(found) < MAX_BEGUN:
                answer = await s3.list_multipart_uploads(Bucket=bucket, Prefix=prefix, **marker, **self._s3.pays())
                for each in answer.get("Uploads", []):
                    started = each.get("Initiated")
                    found.append(
                        Begun(
                            self._s3.relative(bucket, each["Key"]),
                            each["UploadId"],
                            "" if started is None else started.isoformat().replace("+00:00", "Z"),
                        )
                    )
                following = {
                    "KeyMarker": answer.get("NextKeyMarker") or "",
                    "UploadIdMarker": answer.get("NextUploadIdMarker") or "",
                }
                if not answer.get("IsTruncated") or following == marker:
                    break
                marker = following
        return sorted(found[:MAX_BEGUN], key=lambda each: each.started_at)

    async def _make(self, key: str) -> None:
        bucket, prefix = self._s3.split(key)
        async with self._s3.client() as s3:
            if prefix:
                await self.check_free(key)
                await s3.put_object(Bucket=bucket, Key=prefix, Body=b"", **self._s3.pays())
                return
            region = s3.meta.region_name
            # Amazon's first region refuses its own name here; other services have no regions to name.
            elsewhere = (
                {"CreateBucketConfiguration": {"LocationConstraint": region}}
                if self._s3.is_amazon and region not in {None, "us-east-1", "aws-global"}
                else {}
            )
            try:
                await s3.create_bucket(Bucket=bucket, **elsewhere)
            except Exception as exc:
                if error_code(exc) in {"BucketAlreadyExists", "BucketAlreadyOwnedByYou"}:
                    raise exists(self._s3, key) from exc
                if error_code(exc) == "InvalidBucketName" or type(exc).__name__ == "ParamValidationError":
                    hint = "Use 3 to 63 lower-case letters, digits and hyphens."
                    raise BrowserError("bad_request", f"{bucket} is no name for a bucket.", hint) from exc
                raise

    def _upload(self, key: str, token: str) -> dict[str, Any]:
        bucket, object_key = self._s3.place_of(key)
        return {"Bucket": bucket, "Key": object_key, "UploadId": token, **self._s3.pays()}


def _is_ours(there: tuple[int, str] | None, size: int, expected: str) -> bool:
    """Whether an object is the one that all parts make."""
    return bool(expected) and there == (size, expected)


async def _digest(data: bytes) -> bytes:
    """In a worker thread: 8 MiB take 10 ms, in which other requests would wait."""
    if len(data) < 2**16:
        return hashlib.md5(data, usedforsecurity=False).digest()
    return await asyncio.to_thread(lambda: hashlib.md5(data, usedforsecurity=False).digest())


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _differs(answer: dict[str, Any], digest: bytes) -> bool:
    etag = str(answer.get("ETag", "")).strip('"')
    return not _is_opaque(answer) and _MD5.fullmatch(etag) is not None and etag != digest.hex()


def _is_opaque(answer: dict[str, Any]) -> bool:
    """Whether an ETag says nothing of the bytes."""
    return any(answer.get(name) not in {None, "AES256"} for name in _OPAQUE)


def _knows_no_conditions(exc: Exception) -> bool:
    """Whether a server, or botocore before 2024, does not know what it is asked for."""
    return error_code(exc) in _NO_CONDITIONS or type(exc).__name__ == "ParamValidationError"
