"""The mount table of doctor's own mount namespace."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.formats.host.mountinfo import Mount, covering
from doctor.model.paths import is_beneath


def _walk(above: list[Mount], known: set[int]) -> tuple[dict[int, Mount], dict[str, Mount]]:
    """Return the mounts that a path walk passes, by id, and the last one at each mount point.

    ``above`` are the mounts on the path, ``known`` their ids.
    """
    here = next((mount for mount in above if mount.mount_point == "/" and mount.parent_id not in known), None)
    reached: dict[int, Mount] = {}
    tops: dict[str, Mount] = {}
    while here is not None:
        reached[here.mount_id] = tops[here.mount_point] = here
        on_it = [one for one in above if one.parent_id == here.mount_id and one.mount_id not in reached]
        # A mount at the same point has priority, then the nearest on the path; of two, the later one.
        here = min(reversed(on_it), key=lambda mount: len(mount.mount_point), default=None)
    return reached, tops


def _place(over: Mount, mount: Mount) -> str:
    """Return the directory of its file system that ``over`` shows at the mount point of ``mount``."""
    rest = mount.mount_point[len(over.mount_point.rstrip("/")) :]
    return (over.root.rstrip("/") + rest) or "/"


class Mounts(Struct, frozen=True, kw_only=True):
    """The mount table in the kernel's order: of two mounts at one point, the later hides the earlier."""

    items: tuple[Mount, ...]

    def covering(self, path: str) -> Mount | None:
        """Return the mount that contains a path without symbolic links, or ``None`` for an empty table."""
        return covering(self.items, path)

    def at(self, path: str) -> tuple[Mount, ...]:
        """Return the mounts exactly at ``path``, hidden ones first."""
        return tuple(mount for mount in self.items if mount.mount_point == path)

    def hidden_at(self, path: str) -> Iterator[tuple[Mount, Mount]]:
        """Yield hidden mounts at ``path`` or above it, below "/", each with the mount that hides it.

        A path is walked like in the kernel: from a mount to the mount on top of it, and so on. A mount of the same directory of
        the same file system hides nothing, nor does a mount on autofs.
        """
        above = [mount for mount in self.items if is_beneath(path, mount.mount_point)]
        known = {mount.mount_id for mount in above}
        reached, tops = _walk(above, known)
        for mount in above:
            top = tops.get(mount.mount_point)
            if mount.mount_point == "/" or mount.fs_type == "autofs" or top is mount or mount.parent_id not in known:
                continue
            over = (
                top if top is not None and mount.mount_id in reached else covering(reached.values(), mount.mount_point)
            )
            if over is not None and (over.device, _place(over, mount)) != (mount.device, mount.root):
                yield mount, over

    def beneath(self, top: str) -> Iterator[Mount]:
        """Yield the mounts at ``top`` or below it."""
        return (mount for mount in self.items if is_beneath(mount.mount_point, top))
