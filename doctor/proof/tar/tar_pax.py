"""PAX records: fields that do not fit a tar entry's fixed header."""

from doctor.model.errors import FormatError


def parse_records(data: bytes) -> dict[bytes, bytes]:
    r"""The records of one extended header, the last of a key counts (POSIX, pax, "Extended Header").

    Raises:
        FormatError: a length that doesn't fit.

    >>> parse_records(b"12 uid=1000\n")
    {b'uid': b'1000'}
    """
    found: dict[bytes, bytes] = {}
    position = 0
    while position < len(data) and data[position]:
        blank = data.find(b" ", position, position + 20)
        digits = data[position:blank] if blank > 0 else b""
        if not digits.isdigit():
            raise FormatError("a PAX record without a length", where=f"byte {position}")
        end = position + int(digits)
        key, equals, value = data[blank + 1 : end].partition(b"=")
        if end <= blank + 1 or end > len(data) or not equals or not value.endswith(b"\n"):
            raise FormatError("a PAX record with a wrong length", where=f"byte {position}")
        found[key] = value[:-1]
        position = end
    return found
