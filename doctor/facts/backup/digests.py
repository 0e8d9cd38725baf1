"""Digests of the files of a data root at the time of its metadata backup."""

from msgspec import Struct


class KeptDigests(Struct, frozen=True, kw_only=True):
    """Size and sha256 by relative path, from the newest backup that was taken of the root at this path.

    It may be the backup of another root that was at this path. ``Backups`` knows: ask it for the content before acting on a difference.
    """

    files: dict[str, tuple[int, str]]
