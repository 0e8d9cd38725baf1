"""Cache of directory listings and small files, by path: an unchanged directory is not read again.

Whoever fills ``known`` must ensure that it is valid: each path has the same inode and the same stat result as when it
was read. Only the guard fills it; every other host is read each time.
"""


class Listing:
    """The entries of one directory, as far as they were read.

    Attributes:
        entries: the kind letter of each name, ``None`` until the names were read.
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


_NOTHING = Listing()


class Listings:
    """Listings by directory.

    Attributes:
        known: from an earlier run.
        now: from this run, including those reused from ``known``.
    """

    def __init__(self, known: dict[str, Listing] | None = None) -> None:
        self.known: dict[str, Listing] = {} if known is None else known
        self.now: dict[str, Listing] = {}

    def of(self, path: str) -> tuple[Listing, Listing]:
        """Return a directory's earlier listing and its current one; the earlier one must not be changed."""
        now = self.now.get(path)
        if now is None:
            now = self.now[path] = Listing()
        return self.known.get(path, _NOTHING), now
