"""Pages of a bolt file, each checked against every bound before its content is used."""

import struct

from msgspec import Struct

BRANCH, LEAF, META, FREELIST = 0x01, 0x02, 0x04, 0x10
"""Kinds of page."""

BUCKET = 0x01
"""Flag of a leaf element with a bucket as its value."""

NOT_STORED = 0xFFFFFFFFFFFFFFFF
"""In place of a freelist's page: the list isn't stored, bolt rebuilds it from the tree at open."""

_HEADER = struct.Struct("<QHHI")
_ELEMENT = struct.Struct("<IIII")
_BRANCH = struct.Struct("<IIQ")
_KINDS = {BRANCH: "a branch", LEAF: "a leaf", META: "a meta page", FREELIST: "a freelist"}


class PageError(Exception):
    """A page is invalid. Stays inside the reader, which keeps its text."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"page {number}: {why}")


class Leaf(Struct, frozen=True):
    """A leaf: its page and its elements as (flags, key, value), in key order."""

    number: int
    elements: list[tuple[int, bytes, memoryview]]


class BoltPage(Struct, frozen=True):
    """A page with its overflow, with checked bounds."""

    number: int
    flags: int
    count: int
    body: memoryview

    @property
    def kind(self) -> str:
        """The type in the page's header."""
        return _KINDS.get(self.flags, f"of unknown type {self.flags:#x}")

    def leaf(self, low: bytes = b"", high: bytes | None = None) -> Leaf:
        """Its elements; their keys ascend and lie in [low, high). Raises PageError."""
        if self.flags & ~LEAF or not self.flags & LEAF:
            raise PageError(self.number, f"should be a leaf, is {self.kind}")
        elements: list[tuple[int, bytes, memoryview]] = []
        size, table = len(self.body), 16 + 16 * self.count
        if table > size:
            raise PageError(self.number, f"{self.count} elements don't fit")
        previous, total = None, table
        for index, (flags, position, ksize, vsize) in enumerate(_ELEMENT.iter_unpack(self.body[16:table])):
            start = 16 + 16 * index + position
            middle = start + ksize
            total += ksize + vsize
            # Elements may not overlap: their sum bounds the memory that a hostile page can ask for.
            if start < table or middle + vsize > size or total > size:
                raise PageError(self.number, f"element {index} is out of bounds")
            key = bytes(self.body[start:middle])
            if previous is not None and key <= previous:
                raise PageError(self.number, f"keys out of order at element {index}")
            previous = key
            elements.append((flags, key, self.body[middle : middle + vsize]))
        self._check_range(elements[0][1] if elements else None, previous, low, high)
        return Leaf(self.number, elements)

    def branches(self, low: bytes = b"", high: bytes | None = None) -> list[tuple[bytes, int]]:
        """Its children as (first key, page), keys ascending. Raises PageError."""
        if self.flags & ~BRANCH or not self.flags & BRANCH:
            raise PageError(self.number, f"should be part of the tree, is {self.kind}")
        size, table = len(self.body), 16 + 16 * self.count
        if table > size or not self.count:
            raise PageError(self.number, f"{self.count} children are impossible")
        children: list[tuple[bytes, int]] = []
        for index, (position, ksize, child) in enumerate(_BRANCH.iter_unpack(self.body[16:table])):
            start = 16 + 16 * index + position
            if start < table or start + ksize > size:
                raise PageError(self.number, f"child {index} is out of bounds")
            key = bytes(self.body[start : start + ksize])
            if children and key <= children[-1][0]:
                raise PageError(self.number, f"keys out of order at child {index}")
            children.append((key, child))
        self._check_range(None, children[-1][0] if self.count > 1 else None, low, high)
        return children

    def check_packed(self) -> None:
        """An engine writes keys and values without a gap, in the order of the elements. Raises PageError."""
        table, is_leaf = 16 + 16 * self.count, bool(self.flags & LEAF)
        expected = table
        for index, numbers in enumerate((_ELEMENT if is_leaf else _BRANCH).iter_unpack(self.body[16:table])):
            if 16 + 16 * index + numbers[1 if is_leaf else 0] != expected:
                raise PageError(self.number, f"element {index} does not start at the end of the previous one")
            expected += numbers[2] + numbers[3] if is_leaf else numbers[1]

    def free_ids(self, limit: int) -> tuple[int, ...]:
        """The pages of a freelist, at most as many as the file has. Raises PageError."""
        if not self.flags & FREELIST:
            raise PageError(self.number, f"should be the freelist, is {self.kind}")
        count, start = self.count, 16
        if count == 0xFFFF:
            # The count doesn't fit in 16 bits: it is the first number.
            count, start = int.from_bytes(self.body[16:24], "little"), 24
        if count > limit or start + 8 * count > len(self.body):
            raise PageError(self.number, f"{count} free pages don't fit")
        return struct.unpack_from(f"<{count}Q", self.body, start)

    def _check_range(self, first: bytes | None, last: bytes | None, low: bytes, high: bytes | None) -> None:
        if (first is not None and first < low) or (last is not None and high is not None and last >= high):
            raise PageError(self.number, "its keys belong elsewhere in the tree")


class Pages:
    """The pages of a file below a high water mark."""

    def __init__(self, view: memoryview, page_size: int, high_water: int) -> None:
        self.view = view
        self.page_size = page_size
        self.high_water = high_water

    @property
    def shortfall(self) -> int:
        """How many bytes the file lacks below its own high water mark: dockerd dies of SIGBUS there."""
        return max(0, self.high_water * self.page_size - len(self.view))

    def open(self, number: int, used: set[int]) -> BoltPage:
        """A page; it and its overflow join `used`. Raises PageError, also for a page that is used already."""
        if not 2 <= number < self.high_water:
            raise PageError(number, "outside of the database")
        start = number * self.page_size
        if start + self.page_size > len(self.view):
            raise PageError(number, "after the end of the file")
        own, flags, count, overflow = _HEADER.unpack_from(self.view, start)
        if own != number:
            raise PageError(number, f"says it is page {own}")
        end = start + (overflow + 1) * self.page_size
        if number + overflow >= self.high_water or end > len(self.view):
            raise PageError(number, f"{overflow} pages of overflow are out of bounds")
        span = range(number, number + overflow + 1)
        if not used.isdisjoint(span):
            raise PageError(number, "used twice")
        used.update(span)
        return BoltPage(number, flags, count, self.view[start:end])

    @staticmethod
    def inline(value: memoryview, number: int) -> Leaf:
        """The leaf of an inline bucket in page `number`. Raises PageError."""
        if len(value) < 16:
            raise PageError(number, "an inline bucket is too short")
        _, flags, count, _ = _HEADER.unpack_from(value)
        page = BoltPage(number, flags, count, value)
        leaf = page.leaf()
        page.check_packed()
        return leaf
