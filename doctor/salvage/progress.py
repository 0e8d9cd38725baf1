"""Reports the progress of long operations."""

from collections.abc import Callable, Iterator

_STEP_BYTES = 256 << 20


def with_progress(pieces: Iterator[bytes], what: str, size: int, progress: Callable[[str], None]) -> Iterator[bytes]:
    """Pass the pieces on and report progress now and then; a size that proves too small is not shown."""
    done = shown = 0
    for piece in pieces:
        yield piece
        done += len(piece)
        if done - shown >= _STEP_BYTES:
            shown = done
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
