"""Finds the known word for a misspelt one by edit distance, so that only typing errors count."""

from collections.abc import Iterable


def edits(one: str, other: str, limit: int) -> int:
    """Return the edit distance: letters inserted, removed, replaced or swapped with a neighbour. Above ``limit`` it is not exact.

    >>> edits("storage-drvier", "storage-driver", 2), edits("inof", "info", 2), edits("debug", "hosts", 2)
    (1, 1, 3)
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, wanted in enumerate(other, 1):
            least = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                least = min(least, before[column - 2] + 1)
            now.append(least)
        if min(now) > limit:
            return limit + 1
        before, last = last, now
    return last[-1]


def nearest(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the known words within one edit, two for a long word; of these the nearest.

    Differences in case, ``-`` and ``_`` don't count. Words below four letters are too similar to be matched.

    >>> nearest("live-restor", ["live-restore", "log-level"]), nearest("Log_Lvel", ["log-level"]), nearest("ipv4", ["ipv6", "ip"])
    (('live-restore',), ('log-level',), ('ipv6',))
    >>> nearest("auths", ["hosts", "dns"]), nearest("ico", ["icc", "ip"])
    ((), ())
    """
    plain = _plain(word)
    if len(plain) < 4:
        return ()
    limit = 2 if len(plain) >= 10 else 1
    found = {name: edits(plain, _plain(name), limit) for name in known}
    least = min(found.values(), default=limit + 1)
    return tuple(name for name, count in found.items() if count == least) if least <= limit else ()


def _plain(word: str) -> str:
    return word.strip().lower().replace("_", "").replace("-", "")
