"""What directories of small files told, by path, so that one that is unchanged need not be read again.

Whoever fills ``known`` answers for it: a path must stand for the same inode, and the kernel must tell of it what it told when it
was read. Only the guard does; every other host is asked each time.
"""


class Contents:
    """What one directory told.

    Attributes:
        entries: the kind letter of each name, ``None`` as long as nobody asked.
        files: contents by name; ``sizes`` and ``links`` likewise sizes of regular files and targets of links.
    """

    __slots__ = ("entries", "files", "links", "sizes")

    def __init__(
        self,
        entries: dict[str, str] | None = None,
        files: dict[str, bytes] | None = None,
        sizes: dict[str, int] | None = None,
        links: dict[str, str] | None = None,
    ) -> None:
        self.entries = entries
        self.files: dict[str, bytes] = {} if files is None else files
        self.sizes: dict[str, int] = {} if sizes is None else sizes
        self.links: dict[str, str] = {} if links is None else links


_NOTHING = Contents()


class Told:
    """What was told by directory.

    Attributes:
        known: from an earlier look.
        now: in this one, what was taken from ``known`` included.
    """

    def __init__(self, known: dict[str, Contents] | None = None) -> None:
        self.known: dict[str, Contents] = {} if known is None else known
        self.now: dict[str, Contents] = {}

    def of(self, path: str) -> tuple[Contents, Contents]:
        """Return what a directory told before, and what it tells now; the first is not to be changed."""
        now = self.now.get(path)
        if now is None:
            now = self.now[path] = Contents()
        return self.known.get(path, _NOTHING), now
