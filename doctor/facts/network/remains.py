"""What is still known of networks that containers are in and that a whole network database lacks. Collected only for a repair."""

from msgspec import Struct

from doctor.formats.databases.bolt import Bucket


class NetworkRemains(Struct, frozen=True, kw_only=True):
    """The whole tree of the database, and older or newer records that it lacks.

    Attributes:
        tree: all that the newest whole tree holds.
        pages: key → value (with its index) that some page of the file still holds, the newest of each.
        kept: the same from the newest metadata backup, {} if there is none.
        age: how old that backup is, in words.
    """

    tree: Bucket
    pages: dict[bytes, bytes] = {}
    kept: dict[bytes, bytes] = {}
    age: str = ""
