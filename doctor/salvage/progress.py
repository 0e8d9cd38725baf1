"""Reports the progress of long operations."""

from collections.abc import Callable, Iterator

_TELL_BYTES = 256 << 20


def telling(pieces: Iterator[bytes], what: str, size: int, progress: Callable[[str], None]) -> Iterator[bytes]:
    """Pass the pieces on and report progress now and then; a size that proves too small is not shown."""
    done = told = 0
    for piece in pieces:
        yield piece
        done += len(piece)
        if done - told >= _TELL_BYTES:
            told = done
            progress(f"{what}: {human(done)} of {human(max(size, done))}")


def human(size: int) -> str:
    """Return a human-readable size.

    >>> human(0), human(1536), human(5 << 30)
    ('0 B', '1.5 KiB', '5.0 GiB')
    """
    value, unit = float(size), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):  # noqa: B007 - the unit that fits
        if value < 1024:
            break
        value /= 1024
    return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"
