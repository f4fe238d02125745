"""Every struct that crosses HTTP, written once.

``python -m jupyterlab_zarrbrowser.wire`` prints ``src/wire.ts`` (see ``wire_ts.py``); CI compares it with the file
that is checked in. On the wire, names are camelCase and carry their unit, times are ISO 8601 in UTC, and what is
unknown is ``null``. Numbers that JavaScript cannot hold (NaN, infinities, integers beyond 2**53) travel as strings:
``"NaN"``, ``"Infinity"``, ``"-Infinity"``, ``"18446744073709551615"`` (the spelling of the Zarr v3 specification,
https://zarr-specs.readthedocs.io/en/latest/v3/data-types/index.html).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

EndpointKind = Literal["s3", "gcs", "azure", "http", "local"]

#: Who put an endpoint into the panel.
EndpointSource = Literal["admin", "profile", "environment", "server"]

#: What is known of an endpoint's health: nothing was asked yet, the last answer was good, the last answer was an error.
EndpointStatus = Literal["unchecked", "ok", "problem"]

HealthLevel = Literal["info", "warning", "error"]


class Struct(msgspec.Struct, frozen=True, rename="camel"):
    """Base of everything in this module."""


class Problem(Struct, frozen=True, kw_only=True):
    """Why something could not be done, in words for the person who sees it.

    ``code`` is one of ``errors.STATUS``; programs decide by it and never by the message.
    """

    code: str
    message: str
    #: What to do about it; empty where nothing useful can be said.
    hint: str = ""
    #: Whether the same request may succeed when it is simply sent again.
    retryable: bool = False


class ErrorBody(Problem, frozen=True, kw_only=True):
    """Body of every response whose status is not 2xx. A body without ``code`` did not come from this extension."""

    #: Names the request in the server's log.
    request_id: str


class Health(Struct, frozen=True, kw_only=True):
    """One remark about a node that matters before it is opened."""

    level: HealthLevel
    code: str
    message: str
    hint: str = ""


class Scratch(Struct, frozen=True, kw_only=True):
    """What is known about an endpoint that holds a user's scratch space."""

    #: Environment variable that named it, or null where the configuration did.
    variable: str | None
    lifetime_days: float | None
    #: Key of the user's own part; empty where all of the endpoint is.
    own_key: str = ""


class Endpoint(Struct, frozen=True, kw_only=True):
    """One configured account, service or public root. Never carries a credential."""

    id: str
    title: str
    kind: EndpointKind
    #: The root as a user would write it: ``s3://bucket/prefix/``, ``https://host/zarr/``; ``s3://`` for every bucket.
    url: str
    #: Whether anything in it may be changed.
    writable: bool
    #: Prefixes below which alone that holds; null where it holds everywhere or nowhere.
    writable_prefixes: list[str] | None
    #: Whether buckets may be made.
    creates_buckets: bool = False
    status: EndpointStatus
    source: EndpointSource
    problem: Problem | None = None
    scratch: Scratch | None = None


class Endpoints(Struct, frozen=True, kw_only=True):
    """Answer of ``GET endpoints``."""

    endpoints: list[Endpoint]
    #: What is wrong with the configuration, by the names of its fields; null where it can be used.
    problem: Problem | None = None


class Codec(Struct, frozen=True, kw_only=True):
    """One codec, filter or compressor with its settings as the metadata states them."""

    name: str
    configuration: dict[str, Any] = {}


class Document(Struct, frozen=True, kw_only=True):
    """A metadata document as it lies in the store."""

    #: Relative to the node: ``zarr.json``, ``.zattrs``.
    name: str
    text: str
    #: Size of the whole document; ``text`` may be cut short.
    size_bytes: int
    is_truncated: bool = False


class NodeBase(Struct, tag_field="kind", frozen=True, kw_only=True):
    """What every row has.

    ``key`` is relative to the endpoint's root and opaque: it is never normalised. Containers (everything but objects)
    end in ``/``.
    """

    endpoint: str
    key: str
    name: str
    #: Where it lies, in the words that other tools understand: ``s3://bucket/key``.
    uri: str
    size_bytes: int | None = None
    #: ISO 8601, UTC.
    modified_at: str | None = None
    #: Name of the format that recognised it, null where none did.
    format: str | None = None
    health: list[Health] = []
    #: Why this node could not be read; the row is shown all the same.
    problem: Problem | None = None
    #: Raw documents, in ``GET node`` only.
    documents: list[Document] | None = None


class BucketNode(NodeBase, tag="bucket", frozen=True, kw_only=True):
    """A bucket, where the endpoint's root is every bucket of an account."""


class FolderNode(NodeBase, tag="folder", frozen=True, kw_only=True):
    """A prefix that is no Zarr node, or of which that is not known yet."""

    #: True until someone looked into it (``POST nodes``); it may turn out to be a group or an array.
    is_undecided: bool = False


class ObjectNode(NodeBase, tag="object", frozen=True, kw_only=True):
    """A single object."""


class ZarrNode(NodeBase, frozen=True, kw_only=True):
    """What groups and arrays share."""

    zarr_format: Literal[2, 3] | None = None
    #: Whether consolidated metadata describes this node; null where that is not known.
    consolidated: bool | None = None
    #: Key of the store's root; equal to ``key`` for the root itself, null where the root is not known.
    store_key: str | None = None
    #: Path below the root, no slash at either end; empty for the root.
    path: str = ""
    #: In ``GET node`` only.
    attributes: dict[str, Any] | None = None


class GroupNode(ZarrNode, tag="group", frozen=True, kw_only=True):
    """A Zarr group that xarray would not open as a dataset, or of which that is not known."""

    #: Number of direct members (groups and arrays); null where they are not known.
    child_count: int | None = None
    #: True where members cannot be listed and no consolidated metadata names them. Not the same as empty.
    members_unknown: bool = False


class DatasetNode(ZarrNode, tag="dataset", frozen=True, kw_only=True):
    """A Zarr group that xarray opens: it has arrays, all have dimension names, and equal names have equal sizes."""

    child_count: int | None = None
    members_unknown: bool = False
    #: Size of each dimension, in the order of the array that has most of them.
    sizes: dict[str, int] | None = None


class ArrayNode(ZarrNode, tag="array", frozen=True, kw_only=True):
    """A Zarr array. Shapes are in elements, one entry per dimension, slowest first; a scalar's are empty."""

    #: Null where the array names none; an entry is null where that dimension has no name.
    dims: list[str | None] | None = None
    shape: list[int] | None = None
    #: Shape of the smallest unit that can be decoded alone (the inner chunk of a shard).
    chunks: list[int] | None = None
    #: Shape of a shard, null where the array is not sharded.
    shards: list[int] | None = None
    #: As the metadata spells it: ``<f4`` (v2), ``float32`` (v3).
    dtype: str | None = None
    codecs: list[Codec] | None = None
    fill_value: Any = None
    #: ``C`` or ``F`` (v2 only; v3 states it as a codec).
    order: str | None = None


Node = BucketNode | FolderNode | ObjectNode | GroupNode | DatasetNode | ArrayNode


class Children(Struct, frozen=True, kw_only=True):
    """Answer of ``GET children``: one page."""

    items: list[Node]
    #: Opaque; pass it back for the next page. Null on the last page.
    next_cursor: str | None = None
    #: What the listing revealed about the container itself (a folder that turned out to be a group), else null.
    parent: Node | None = None
    #: Number of all children where it is known without asking the store again.
    total_count: int | None = None
    #: Why members are missing although the container itself is readable.
    problem: Problem | None = None


class NodesRequest(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Body of ``POST nodes``."""

    endpoint: str
    keys: list[str]
    #: Ask the store again instead of the cache.
    refresh: bool = False


class Nodes(Struct, frozen=True, kw_only=True):
    """Answer of ``POST nodes``, in the order of the request's keys."""

    items: list[Node]


class Snippet(Struct, frozen=True, kw_only=True):
    """Code that opens a node. Holds no credential."""

    id: str
    #: What the menu says.
    label: str
    language: Literal["python"]
    code: str


class Snippets(Struct, frozen=True, kw_only=True):
    """Answer of ``GET snippets``, best first. Empty where nothing sensible can be generated."""

    snippets: list[Snippet]


IfExists = Literal["fail", "replace", "rename"]


class TakenRequest(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Body of ``POST uploads/taken``: which of these keys hold something already."""

    endpoint: str
    #: At most 10,000; a container (ends in ``/``) is taken where anything lies below it.
    keys: list[str]
    #: Whether to answer with a free name beside each that is taken.
    free_names: bool = False


class TakenKey(Struct, frozen=True, kw_only=True):
    """Something that lies there already."""

    key: str
    #: Null for a container.
    size_bytes: int | None
    #: Of the file that an upload from here put there lately (``modified_ms`` of the request), null where none did. The
    #: same file offered again, with this time and this size, has arrived already.
    modified_ms: int | None = None
    #: The next free key beside it (``name (2).nc``), where that was asked for.
    free_key: str | None = None


class Taken(Struct, frozen=True, kw_only=True):
    """Answer of ``POST uploads/taken``, in the order of the request; keys that are free are left out."""

    taken: list[TakenKey]


class BatchFile(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A small file in a batch."""

    key: str
    size_bytes: int
    #: Of its bytes (https://www.rfc-editor.org/rfc/rfc1952#section-8), as an unsigned number.
    crc32: int
    #: Milliseconds since 1970, as the browser says it.
    modified_ms: int
    media_type: str = ""


class Batch(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Begins the body of ``POST uploads/batch``, behind its own length (4 bytes, big endian); files' bytes follow."""

    endpoint: str
    files: list[BatchFile]
    #: Whether what lies there may be replaced; such a file fails with ``exists`` else.
    replace: bool = False


class BatchProblem(Struct, frozen=True, kw_only=True):
    """A file of a batch that was not put."""

    key: str
    problem: Problem


class BatchResult(Struct, frozen=True, kw_only=True):
    """Answer of ``POST uploads/batch``. Files without a problem lie there whole."""

    problems: list[BatchProblem]


class UploadRequest(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Body of ``POST uploads``: begin a large file, or go on with it."""

    endpoint: str
    key: str
    size_bytes: int
    #: Milliseconds since 1970, as the browser says it; the same file offered again goes on where it stood.
    modified_ms: int
    media_type: str = ""
    #: Whether what lies there may be replaced; ``exists`` else.
    replace: bool = False


class UploadPart(Struct, frozen=True, kw_only=True):
    """Answer of ``PUT uploads/{id}/parts/{n}``: a part that the store has."""

    #: From 1.
    number: int
    crc32: int


class Upload(Struct, frozen=True, kw_only=True):
    """Answer of ``POST uploads`` and ``GET uploads/{id}``."""

    id: str
    endpoint: str
    key: str
    #: Null where another program began it.
    size_bytes: int | None
    #: Every part but the last has this size. 0 where another program began it: it can only be removed.
    part_size_bytes: int
    #: Parts that may be under way at a time. Where this is 1, they must come in order.
    parallel: int
    #: Those that have arrived.
    parts_done: list[UploadPart]
    started_at: str
    #: When it is given up, unless it goes on; null where that is not up to this server.
    expires_at: str | None


class Uploads(Struct, frozen=True, kw_only=True):
    """Answer of ``GET uploads``: what was begun below a place and not ended, oldest first."""

    uploads: list[Upload]
    #: Whether there are more.
    is_truncated: bool = False


class Uploaded(Struct, frozen=True, kw_only=True):
    """Answer of ``POST uploads/{id}/complete``: the object is there, and was checked."""

    endpoint: str
    key: str
    size_bytes: int


class CreateRequest(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Body of ``POST containers``: make a bucket or a folder."""

    endpoint: str
    #: Ends in ``/``. A folder of an object store is an object that stands for it (its key ends in ``/``, too).
    key: str


class PreviewHeader(Struct, frozen=True, kw_only=True):
    """What precedes the values in the answer of ``GET preview``."""

    #: Of the values that follow, slowest dimension first.
    shape: list[int]
    #: As NumPy spells it: ``<f4``.
    dtype: str
    #: Steps in the array between two of these values, one per dimension of ``shape``.
    stride: list[int]
    #: Of the finite values that follow; null where there are none.
    min: float | None
    max: float | None
    #: Values along each dimension, by its name.
    coordinates: dict[str, list[Any]] = {}


JobKind = Literal["delete", "copy", "usage", "renew"]

JobState = Literal["queued", "running", "done", "failed", "cancelled"]


class JobRequest(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Body of ``POST jobs``."""

    kind: JobKind
    #: ``~`` names the files of the Jupyter server itself, for ``copy`` from and to them; keys are paths in JupyterLab's
    #: file browser.
    endpoint: str
    #: A container (ends in ``/``; ``""`` is the root) and all below it, or one object.
    key: str
    #: Where to, for ``copy``: the key of the copy itself.
    to_endpoint: str | None = None
    to_key: str | None = None
    #: What ``copy`` does where something is there already.
    if_exists: IfExists = "fail"
    #: Whether ``copy`` deletes what it copied, once the copy was verified.
    delete_source: bool = False
    #: Objects that ``delete`` may find and still go on, as the user was shown them; null for any number.
    max_objects: int | None = None


class JobProgress(Struct, frozen=True, kw_only=True):
    """How far a job has come."""

    objects: int = 0
    bytes: int = 0
    #: What there is to do, where that is known.
    total_objects: int | None = None
    total_bytes: int | None = None
    #: Listings so far, for ``usage``; null for the others, where clients of stores send what nobody counts.
    requests: int | None = None


class ChunkCount(Struct, frozen=True, kw_only=True):
    """Chunks (shards, where there are any) of the arrays of a store: how many it would have, and how many lie there."""

    expected: int
    present: int
    #: Arrays that were counted; those whose metadata could not be read are not.
    arrays: int
    #: Whether missing chunks were deleted: by what the dates and the scan before tell.
    verdict: Literal["complete", "never_written", "deleted", "unknown"]
    #: Chunks that earlier scans counted and that are gone now.
    gone: int = 0


class UsageRow(Struct, frozen=True, kw_only=True):
    """What one child of the scanned place weighs, all below it counted."""

    key: str
    name: str
    #: ``dataset``, ``group`` and ``array`` as in ``Node``; ``folder`` and ``object`` else.
    kind: Literal["dataset", "group", "array", "folder", "object"]
    objects: int
    bytes: int
    oldest_at: str | None
    newest_at: str | None
    #: When the store deletes the first object of it, about; null where nothing is deleted.
    expires_at: str | None = None
    #: When it deletes the last one that is there now, about.
    gone_at: str | None = None
    #: What goes within 24 hours.
    expiring_objects: int = 0
    expiring_bytes: int = 0
    #: Null where it is no Zarr store, or was not counted.
    chunks: ChunkCount | None = None
    #: What is wrong with its Zarr metadata: all of it is ``gone`` and chunks are left, the document is ``unreadable``,
    #: or it is ``incomplete``, because documents of arrays in it are gone. Null where nothing is known to be wrong.
    damage: Literal["gone", "unreadable", "incomplete"] | None = None
    #: Metadata documents of arrays that are gone, as far as that is known.
    missing_documents: int = 0


class UsageBefore(Struct, frozen=True, kw_only=True):
    """Totals of an earlier scan of the same place."""

    as_of: str
    objects: int
    bytes: int


class Usage(Struct, frozen=True, kw_only=True):
    """What lies below a place. Exact, unless ``is_lower_bound``."""

    endpoint: str
    key: str
    objects: int
    bytes: int
    #: True where a bound ended the scan: there is at least this much.
    is_lower_bound: bool
    #: Heaviest first.
    rows: list[UsageRow]
    #: Children beyond the number that is kept, and what they weigh together.
    other_rows: int = 0
    other_objects: int = 0
    other_bytes: int = 0
    #: When the scan began.
    as_of: str
    oldest_at: str | None
    newest_at: str | None
    expires_at: str | None
    expiring_objects: int
    expiring_bytes: int
    lifetime_days: float | None
    #: Who says so: the bucket's own rules, the configuration, or the default that hubs use.
    lifetime_source: Literal["bucket", "configured", "default"] | None
    requests: int
    duration_s: float
    #: The latest earlier scans, newest first.
    before: list[UsageBefore] = []


class Transferred(Struct, frozen=True, kw_only=True):
    """Result of ``copy``, ``delete`` and ``renew``."""

    endpoint: str
    key: str
    objects: int
    bytes: int


class Job(Struct, frozen=True, kw_only=True):
    """Answer of ``POST jobs`` and ``GET jobs/{id}``, and each event of ``GET jobs/{id}/events``."""

    id: str
    kind: JobKind
    endpoint: str
    key: str
    #: What was asked for, also by a page that has been reloaded since.
    request: JobRequest
    state: JobState
    progress: JobProgress
    #: Null until the job is done. (Usage names ``rows``, the others do not.)
    result: Usage | Transferred | None = None
    error: Problem | None = None
    started_at: str


class Jobs(Struct, frozen=True, kw_only=True):
    """Answer of ``GET jobs``: those under way and the last that ended, newest first.

    Counts come without their result, which may be large: ``GET jobs/{id}`` has it.
    """

    jobs: list[Job]


class ScratchLocation(Struct, frozen=True, kw_only=True):
    """A place that holds a user's scratch."""

    endpoint: str
    key: str
    title: str
    uri: str
    #: Environment variable that named it, or null where the configuration did.
    variable: str | None
    writable: bool
    #: Whether the clock may be reset: ``renew`` rewrites what is there, so that it lives on as if it were new.
    renewable: bool
    lifetime_days: float | None
    lifetime_source: Literal["bucket", "configured", "default"] | None
    quota_bytes: int | None
    #: Shares of the quota from which on the panel warns, ascending.
    warn_at: list[float]
    price_per_tb_month: float | None
    currency: str
    #: The last scan, null before the first.
    usage: Usage | None
    #: Places to keep things of this one in, as in the whole answer: first those to which the service itself copies.
    keep: list[str] = []
    problem: Problem | None = None


class ScratchLocations(Struct, frozen=True, kw_only=True):
    """Answer of ``GET scratch``. Asks no store for more than its lifecycle rules."""

    locations: list[ScratchLocation]
    #: What the user should know of the configuration: variables that disagree, places that cannot be used.
    remarks: list[Health]
    #: Places to keep things in: endpoints that this user may write to and that delete nothing by themselves.
    keep: list[str]
    #: From this size on, a cell on a Dask cluster copies faster (``GET snippets`` with ``toEndpoint`` and ``toKey``).
    cluster_bytes: int


#: Roots of the generated TypeScript; everything they mention follows.
WIRE_TYPES: tuple[Any, ...] = (
    Endpoints,
    Children,
    NodesRequest,
    Nodes,
    Snippets,
    ErrorBody,
    Node,
    TakenRequest,
    Taken,
    Batch,
    BatchResult,
    UploadRequest,
    UploadPart,
    Uploads,
    Uploaded,
    CreateRequest,
    PreviewHeader,
    JobRequest,
    Job,
    Jobs,
    ScratchLocations,
)
