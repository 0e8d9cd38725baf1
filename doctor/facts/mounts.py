"""What is mounted where, as doctor's own mount namespace sees it."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.formats.mountinfo import Mount, covering
from doctor.model.paths import is_beneath


class Mounts(Struct, frozen=True, kw_only=True):
    """The mount table in the kernel's order: of two on one place the later hides the earlier."""

    items: tuple[Mount, ...]

    def covering(self, path: str) -> Mount | None:
        """Return the mount in which a path without symbolic links lies, or ``None`` for an empty table."""
        return covering(self.items, path)

    def at(self, path: str) -> tuple[Mount, ...]:
        """Return the mounts that stand exactly at ``path``, the hidden ones first."""
        return tuple(mount for mount in self.items if mount.mount_point == path)

    def beneath(self, top: str) -> Iterator[Mount]:
        """Yield the mounts at ``top`` or under it."""
        return (mount for mount in self.items if is_beneath(mount.mount_point, top))
