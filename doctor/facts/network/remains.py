"""Remaining records of networks that are missing in a valid network database. Collected only for a repair."""

from msgspec import Struct

from doctor.formats.databases.bolt import Bucket


class NetworkRemains(Struct, frozen=True, kw_only=True):
    """The valid tree of the database, and other records that it lacks.

    Attributes:
        tree: records of the newest valid tree.
        pages: key → value (with its index) in any page of the file, the newest of each.
        kept: the same from the newest metadata backup, {} without one.
        age: age of that backup, in words.
    """

    tree: Bucket
    pages: dict[bytes, bytes] = {}
    kept: dict[bytes, bytes] = {}
    age: str = ""
