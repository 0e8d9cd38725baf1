"""What the engine prepares below a container's own files: the ``-init`` layer, always the same few entries.

Moby daemon/initlayer/setup_unix.go, the same since 1.10: each file is made anew, whatever the image has; a directory only
where the image has none.
"""

from msgspec import Struct

from doctor.model.missing import Missing

FOLDERS = ("dev", "dev/pts", "dev/shm", "etc", "proc", "sys")
FILES = (".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf")
LINKS = {"etc/mtab": "/proc/mounts"}


class InitLayers(Struct, frozen=True, kw_only=True):
    """Entries of ``-init`` layers that are of another kind than the engine makes them.

    Attributes:
        wrong: container id → entry ("etc/hosts") → what lies there ("a directory").
        gaps: what could not be examined.
    """

    wrong: dict[str, dict[str, str]]
    gaps: tuple[Missing, ...] = ()
