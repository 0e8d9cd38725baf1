"""Recovers records from the pages of a damaged bolt file, reachable or not."""

from collections.abc import Callable, Iterator

from doctor.formats.databases.bolt import MAX_BYTES, MAX_DEPTH, MAX_KEYS, Bucket, MetaPage, find_metas, walk
from doctor.formats.databases.bolt_page import BUCKET, LEAF, Leaf, PageError, Pages

_MAX_ROOTS = 200
_PAGE_SIZES = (4096, 16384, 65536, 8192, 32768, 2048, 1024)


def leaf_entries(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (key, value) of every leaf page with a correct number and bounds, including older generations.

    A page is accepted if its number matches its position: the cheapest proof that it is a page. The same key may occur
    several times, once for each remaining generation; the caller decides which value is newer. Small inline buckets are
    searched too. Nothing is yielded for a file above the size limit.
    """
    # Hostile pages may claim each other as overflow; in a real file no element occurs twice.
    left = MAX_KEYS
    for number, leaf in _leaves(_pages(data)):
        if left <= 0:
            return
        left -= len(leaf.elements)
        yield from _entries(leaf, number, 0)


def old_trees(data: bytes, fits: Callable[[dict[bytes, bool]], bool]) -> Iterator[Bucket]:
    """Yield every intact tree below a page that matches.

    A commit writes new pages and leaves the old ones until their space is reused. Pages below an old one may have been
    reused too: the caller must check the content. ``fits`` gets the names in a page, and whether each is a bucket.
    """
    pages = _pages(data)
    tries = 0
    for number, leaf in _leaves(pages):
        if not fits({key: bool(flags & BUCKET) for flags, key, _ in leaf.elements}):
            continue
        tries += 1
        if tries > _MAX_ROOTS:
            return
        meta = MetaPage(
            page=0, page_size=pages.page_size, root=number, sequence=0, freelist=0, high_water=pages.high_water, txid=0
        )
        root, errors = walk(pages.view, meta)
        if not errors:
            yield root


def small_buckets(data: bytes) -> Iterator[tuple[bytes, Bucket]]:
    """Yield (name, bucket) of every intact inline bucket of any leaf page, including older generations."""
    left = MAX_KEYS
    for number, leaf in _leaves(_pages(data)):
        if left <= 0:
            return
        left -= len(leaf.elements)
        for flags, key, value in leaf.elements:
            found = _inline(value, number, 0) if flags & BUCKET else None
            if found is not None:
                yield key, found


def _pages(data: bytes) -> Pages:
    """Return the pages of a file, none of one above the size limit."""
    view = memoryview(data if len(data) <= MAX_BYTES else b"")
    metas = find_metas(view)
    size = metas[0].page_size if metas else _guess_page_size(view)
    return Pages(view, size, len(view) // size)


def _leaves(pages: Pages) -> Iterator[tuple[int, Leaf]]:
    """Yield every leaf page that is whole."""
    for number in range(2, pages.high_water):
        try:
            page = pages.open(number, set())
            leaf = page.leaf() if page.flags == LEAF else None
        except PageError:
            continue
        if leaf is not None:
            yield number, leaf


def _inline(value: memoryview, number: int, depth: int) -> Bucket | None:
    """Return an inline bucket of a value; ``None`` if it, or one in it, has separate pages or is damaged."""
    if len(value) <= 16 or any(value[:8]) or depth > MAX_DEPTH:
        return None
    try:
        leaf = Pages.inline(value[16:], number)
    except PageError:
        return None
    found = Bucket(sequence=int.from_bytes(value[8:16], "little"))
    for flags, key, inner in leaf.elements:
        if not flags & BUCKET:
            found.keys[key] = bytes(inner)
            continue
        below = _inline(inner, number, depth + 1)
        if below is None:
            return None
        found.buckets[key] = below
    return found


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
    """Return the page size at which most pages have their own number; the default if none has."""

    def score(size: int) -> int:
        starts = range(2 * size, len(view) - size + 1, size)
        return sum(view[at : at + 8] == (at // size).to_bytes(8, "little") for at in starts)

    return max(_PAGE_SIZES, key=score)
