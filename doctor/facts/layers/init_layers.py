"""The ``-init`` layer that the engine prepares below a container's writable layer, with always the same few entries.

Moby daemon/initlayer/setup_unix.go, unchanged since 1.10: each file is created, whatever the image has; a directory only
if the image has none.
"""

from msgspec import Struct

from doctor.model.missing import Missing

FOLDERS = ("dev", "dev/pts", "dev/shm", "etc", "proc", "sys")
FILES = (".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf")
LINKS = {"etc/mtab": "/proc/mounts"}


class InitLayers(Struct, frozen=True, kw_only=True):
    """Entries of ``-init`` layers of a wrong kind.

    Attributes:
        wrong: container id → entry ("etc/hosts") → actual kind ("a directory").
        gaps: what could not be examined.
    """

    wrong: dict[str, dict[str, str]]
    gaps: tuple[Missing, ...] = ()
