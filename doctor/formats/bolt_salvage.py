"""Records in the pages of a damaged bolt file, reachable or not."""

from collections.abc import Iterator

from doctor.formats.bolt import MAX_BYTES, MAX_DEPTH, MAX_KEYS, find_metas
from doctor.formats.bolt_page import BUCKET, LEAF, Leaf, PageError, Pages

_PAGE_SIZES = (4096, 16384, 65536, 8192, 32768, 2048, 1024)


def leaf_entries(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (key, value) of every leaf page whose number and bounds are right, also of older generations.

    A page is believed if its number says where it lies: the cheapest proof that it is a page. The same key comes several
    times, once for each generation that is still there; only the reader knows which value is newer. Small buckets stand
    inside the values of their parents and are looked through too. Nothing is yielded for a file above the size limit.
    """
    if len(data) > MAX_BYTES:
        return
    view = memoryview(data)
    metas = find_metas(view)
    page_size = metas[0].page_size if metas else _guess_page_size(view)
    pages = Pages(view, page_size, len(view) // page_size)
    # Hostile pages may claim each other as overflow; in a real file no element is met twice.
    left = MAX_KEYS
    for number in range(2, pages.high_water):
        try:
            page = pages.open(number, set())
            if page.flags == LEAF and left > 0:
                left -= page.count
                yield from _entries(page.leaf(), number, 0)
        except PageError:
            continue


def _entries(leaf: Leaf, number: int, depth: int) -> Iterator[tuple[bytes, bytes]]:
    for flags, key, value in leaf.elements:
        if not flags & BUCKET:
            yield key, bytes(value)
        elif len(value) > 16 and not any(value[:8]) and depth < MAX_DEPTH:
            try:
                inner = Pages.inline(value[16:], number)
            except PageError:
                continue
            yield from _entries(inner, number, depth + 1)


def _guess_page_size(view: memoryview) -> int:
    """Return the size at which most pages carry their own number; the common one where no page does."""

    def score(size: int) -> int:
        starts = range(2 * size, len(view) - size + 1, size)
        return sum(view[at : at + 8] == (at // size).to_bytes(8, "little") for at in starts)

    return max(_PAGE_SIZES, key=score)
