"""Records in the pages of a damaged bolt file, reachable or not."""

from collections.abc import Iterator

from doctor.formats.bolt import MAX_BYTES, find_metas
from doctor.formats.bolt_page import BUCKET, LEAF, PageError, Pages

_DEFAULT_PAGE_BYTES = 4096


def leaf_entries(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (key, value) of every leaf page whose number and bounds are right, also of older generations.

    A page is believed if its number says where it lies: the cheapest proof that it is a page. The same key comes several
    times, once for each generation that is still there; only the reader knows which value is newer. Small buckets stand
    inside the values of their parents and are looked through too. Nothing is yielded for a file above the size limit.
    """
    if len(data) > MAX_BYTES:
        return
    metas = find_metas(data)
    page_size = metas[0].page_size if metas else _DEFAULT_PAGE_BYTES
    count = len(data) // page_size
    pages = Pages(memoryview(data), page_size, count)
    for number in range(2, count):
        try:
            page = pages.open(number, set())
            if page.flags == LEAF:
                yield from _entries(page.leaf().elements, number)
        except PageError:
            continue


def _entries(elements: list[tuple[int, bytes, memoryview]], number: int) -> Iterator[tuple[bytes, bytes]]:
    for flags, key, value in elements:
        if not flags & BUCKET:
            yield key, bytes(value)
        elif len(value) > 16 and not any(value[:8]):
            try:
                yield from _entries(Pages.inline(value[16:], number).elements, number)
            except PageError:
                continue
