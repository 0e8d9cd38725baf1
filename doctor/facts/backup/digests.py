"""What the files of a data root were when its metadata backup was taken."""

from msgspec import Struct


class KeptDigests(Struct, frozen=True, kw_only=True):
    """What the newest backup that was taken at this root's place tells of its files: (bytes, sha256) by relative path.

    Of whatever root lay there then: who acts on a difference asks ``Backups`` for the content, and that knows.
    """

    files: dict[str, tuple[int, str]]
