"""Reads bolt databases (bbolt) tolerantly: every tree that is still in the file, and its errors.

dockerd, BuildKit and containerd use this format. The library itself takes a lock, and panics on a corrupt page; this
reader works on bytes. Format: go.etcd.io/bbolt, page.go, db.go, freelist.go, version 2 (unchanged since 2014).
"""

import struct
from collections.abc import Iterator

from msgspec import Struct

from doctor.formats.databases.bolt_page import BUCKET, LEAF, NOT_STORED, Leaf, PageError, Pages
from doctor.model.errors import FormatError
from doctor.model.text import flipped_byte

MAX_BYTES = 256 << 20
"""Larger files aren't read."""

MAX_KEYS = 500_000
"""More keys than any engine keeps in one database; a walk ends there with an error."""

MAX_DEPTH = 32
"""Depth limit of pages and of buckets: bolt's own trees reach 4 or 5."""

MAX_ERRORS = 1000
"""Limit of errors of one walk; later ones are dropped."""

_MAGIC = 0xED0CDAED
_META = struct.Struct("<IIIIQQQQQQ")
_BUCKET_HEADER = struct.Struct("<QQ")


class Bucket(Struct, kw_only=True):
    """A bucket: keys and values, and buckets inside it.

    Attributes:
        keys: values by key, as found.
        buckets: nested buckets by name.
        sequence: its counter (`NextSequence`); must be kept when the bucket is rewritten.
    """

    keys: dict[bytes, bytes] = {}
    buckets: dict[bytes, "Bucket"] = {}
    sequence: int = 0

    def at(self, *path: str) -> "Bucket | None":
        """A nested bucket by its path of names; None if it is missing."""
        bucket: Bucket | None = self
        for name in path:
            bucket = None if bucket is None else bucket.buckets.get(name.encode())
        return bucket


class MetaPage(Struct, frozen=True, kw_only=True):
    """A valid meta page: the entry to one generation of the database.

    Attributes:
        page: 0 or 1.
        page_size: in bytes.
        root: page of the root bucket.
        sequence: of the root bucket.
        freelist: page of the freelist, NOT_STORED where it isn't kept.
        high_water: pages from this number on are unused.
        txid: number of the transaction that wrote it: the higher is newer.
    """

    page: int
    page_size: int
    root: int
    sequence: int
    freelist: int
    high_water: int
    txid: int


class BoltGeneration(Struct, frozen=True, kw_only=True):
    """One complete state of the database, as far as it can be read.

    Attributes:
        meta: its meta page.
        root: the readable part of the root bucket.
        errors: faults of its tree ("page 7: is page 0"); empty for an intact one.
        freelist_error: fault of its freelist, "" for none: bolt panics on it at open, but it can be
            rebuilt from the tree.
    """

    meta: MetaPage
    root: Bucket
    errors: tuple[str, ...]
    freelist_error: str

    @property
    def is_clean(self) -> bool:
        """Whether every page of its tree is intact."""
        return not self.errors


class Database(Struct, frozen=True, kw_only=True):
    """Contents of a file.

    Attributes:
        generations: newest first; none for an empty file, one if a meta page is lost.
        is_empty: zero length: bolt silently creates a new database.
        lost_metas: meta pages (0, 1) that aren't valid.
    """

    generations: tuple[BoltGeneration, ...]
    is_empty: bool
    lost_metas: tuple[int, ...]

    @property
    def is_sound(self) -> bool:
        """Whether bolt can open and read it: the newest generation and its freelist are intact."""
        return self.is_empty or (self.generations[0].is_clean and not self.generations[0].freelist_error)

    @property
    def best(self) -> BoltGeneration | None:
        """The newest generation with an intact tree; None if all are damaged."""
        return next((generation for generation in self.generations if generation.is_clean), None)


def read(data: bytes | memoryview, *, max_bytes: int = MAX_BYTES) -> Database:
    """All generations in a bolt file, walked completely, with their errors.

    Raises:
        FormatError: no valid meta page ("invalid database" says bolt), or bigger than the limit.
    """
    if len(data) > max_bytes:
        raise FormatError(f"not read: a bolt file of {len(data)} bytes, the limit is {max_bytes}")
    if not data:
        return Database(generations=(), is_empty=True, lost_metas=())
    view = memoryview(data)
    metas = find_metas(view)
    if not metas:
        raise FormatError("invalid database: no valid meta page")
    ordered = sorted(metas, key=lambda meta: meta.txid, reverse=True)
    walked: dict[int, tuple[Bucket, tuple[str, ...], frozenset[int]]] = {}
    generations = []
    for meta in ordered:
        pages = Pages(view, meta.page_size, meta.high_water)
        # containerd's two metas often name one root; walking it once is enough.
        if meta.root not in walked:
            walked[meta.root] = _TreeWalk(pages).run(meta)
        root, errors, used = walked[meta.root]
        error = _freelist_error(pages, meta, used)
        generations.append(BoltGeneration(meta=meta, root=root, errors=errors, freelist_error=error))
    lost = tuple(sorted({0, 1} - {meta.page for meta in metas}))
    return Database(generations=tuple(generations), is_empty=False, lost_metas=lost)


def find_metas(data: bytes | memoryview) -> tuple[MetaPage, ...]:
    """The valid meta pages. The second is found without the first by trying every page size, as bolt does."""
    view = memoryview(data)
    first = _meta_at(view, 0, 0)
    if first is not None:
        second = _meta_at(view, first.page_size, 1)
        return (first,) if second is None else (first, second)
    for size in (1024 << shift for shift in range(7)):
        second = _meta_at(view, size, 1)
        if second is not None and second.page_size == size:
            return (second,)
    return ()


def fnv1a(data: bytes | memoryview) -> int:
    """The FNV-1a checksum, 64 bits, that protects a meta page.

    >>> hex(fnv1a(b"a"))
    '0xaf63dc4c8601ec8c'
    """
    value = 0xCBF29CE484222325
    for byte in bytes(data):
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def _meta_at(view: memoryview, offset: int, page: int) -> MetaPage | None:
    start = offset + 16
    if len(view) < start + _META.size:
        return None
    magic, version, size, _, root, sequence, freelist, high_water, txid, checksum = _META.unpack_from(view, start)
    if magic != _MAGIC or version != 2 or checksum != fnv1a(view[start : start + 56]):
        return None
    if size < 512 or size & (size - 1) or size > 1 << 20:
        return None
    return MetaPage(
        page=page,
        page_size=size,
        root=root,
        sequence=sequence,
        freelist=freelist,
        high_water=high_water,
        txid=txid,
    )


def walk(data: bytes | memoryview, meta: MetaPage) -> tuple[Bucket, tuple[str, ...]]:
    """The tree at a meta's root page, or at a presumed root; its readable part and the errors."""
    root, errors, _ = _TreeWalk(Pages(memoryview(data), meta.page_size, meta.high_water)).run(meta)
    return root, errors


class _TreeWalk:
    """One complete walk over a generation's tree, with a budget of keys."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.errors: list[str] = []
        self.used: set[int] = set()
        self.left = MAX_KEYS

    def _note(self, error: str) -> None:
        # The first errors suffice; a hostile file could cause millions.
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(error)

    def run(self, meta: MetaPage) -> tuple[Bucket, tuple[str, ...], frozenset[int]]:
        """The root bucket, the errors met, and every page that the tree uses."""
        root = Bucket(sequence=meta.sequence)
        if self.pages.shortfall:
            self._note(f"file too short: {self.pages.shortfall} bytes are missing below the high water mark")
        waiting = [(root, meta.root, 0)]
        while waiting and self.left > 0:
            bucket, page, depth = waiting.pop()
            for leaf in self._leaves(page):
                waiting.extend(self._take(bucket, leaf, depth))
        if self.left <= 0:
            self._note(f"more than {MAX_KEYS} keys")
        return root, tuple(self.errors), frozenset(self.used)

    def _leaves(self, root: int) -> Iterator[Leaf]:
        """The leaf pages below a page, in key order; a damaged page is recorded and skipped."""
        stack: list[tuple[int, int, bytes, bytes | None, bytes | None]] = [(root, 0, b"", None, None)]
        while stack and self.left > 0:
            number, depth, low, high, named = stack.pop()
            try:
                page = self.pages.open(number, self.used)
                if page.flags & LEAF:
                    leaf = page.leaf(low, high)
                    page.check_packed()
                    _check_name(number, named, leaf.elements[0][1] if leaf.elements else None)
                    yield leaf
                    continue
                branches = page.branches(low, high)
                page.check_packed()
                _check_name(number, named, branches[0][0])
            except PageError as error:
                self._note(str(error))
                continue
            if depth >= MAX_DEPTH:
                self._note(f"page {number}: the tree is too deep")
                continue
            self.left -= len(branches)
            ends = [*(key for key, _ in branches[1:]), high]
            # The first branch key may be above the smallest key below it: bolt doesn't lower it after an insert.
            for position in range(len(branches) - 1, -1, -1):
                key, child = branches[position]
                stack.append((child, depth + 1, low if position == 0 else key, ends[position], key))

    def _take(self, bucket: Bucket, leaf: Leaf, depth: int) -> Iterator[tuple[Bucket, int, int]]:
        """Put a leaf's elements into a bucket; yield the nested buckets that have pages of their own."""
        self.left -= len(leaf.elements)
        for flags, key, value in leaf.elements:
            if not flags & BUCKET:
                bucket.keys[key] = bytes(value)
            elif len(value) < _BUCKET_HEADER.size or depth >= MAX_DEPTH:
                self._note(f"page {leaf.number}: bucket {key[:40]!r} can't be read")
            else:
                page, sequence = _BUCKET_HEADER.unpack_from(value)
                inner = bucket.buckets[key] = Bucket(sequence=sequence)
                if page:
                    yield inner, page, depth + 1
                else:
                    yield from self._take_inline(inner, value[16:], leaf.number, depth + 1)

    def _take_inline(
        self, bucket: Bucket, value: memoryview, page: int, depth: int
    ) -> Iterator[tuple[Bucket, int, int]]:
        """A small bucket is stored inline in its element's value, as a leaf page with a header but no number."""
        try:
            leaf = Pages.inline(value, page)
        except PageError as error:
            self._note(str(error))
            return
        yield from self._take(bucket, leaf, depth)


def _check_name(number: int, named: bytes | None, first: bytes | None) -> None:
    """A parent names a page by its first key; one bit away from it, bolt panics at the next write. Raises PageError."""
    if named is not None and first is not None and named != first and flipped_byte(named, first) >= 0:
        raise PageError(number, "its parent's key for it is one bit away from its first key")


def _freelist_error(pages: Pages, meta: MetaPage, used: frozenset[int]) -> str:
    if meta.freelist == NOT_STORED:
        return ""
    try:
        free = pages.open(meta.freelist, set()).free_ids(len(pages.view) // meta.page_size)
    except PageError as error:
        return str(error)
    if len(set(free)) != len(free):
        return f"page {meta.freelist}: the freelist names a page twice"
    if any(not 2 <= number < meta.high_water for number in free):
        return f"page {meta.freelist}: the freelist names a page that can't be"
    taken = used.intersection(free)
    return f"page {min(taken)}: in use and on the freelist" if taken else ""
