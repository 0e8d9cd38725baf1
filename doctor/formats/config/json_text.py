"""Encodings of daemon.json that dockerd accepts: UTF-8, and UTF-8 or UTF-16 with a byte order mark."""

from msgspec import Struct

from doctor.formats.text import decode
from doctor.model.errors import FormatError

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))

GO_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space of Go's bytes.TrimSpace; Python's strip() also removes U+001C to U+001F."""


class JsonText(Struct, frozen=True, kw_only=True):
    """A file as text.

    Attributes:
        text: without the byte order mark; bytes that aren't UTF-8 as lone surrogates.
        encoding: "utf-8", "utf-16-le" or "utf-16-be".
        mark: the byte order mark, b"" without one.
    """

    text: str
    encoding: str
    mark: bytes

    def encode(self, text: str) -> bytes:
        """The bytes of a changed text, in the encoding and with the mark of this file."""
        if self.encoding == "utf-8":
            return self.mark + text.encode("utf-8", "surrogateescape")
        return self.mark + text.encode(self.encoding)

    def bounds(self) -> tuple[int, int]:
        """Start and end of the text without surrounding white space, as Go reads it."""
        end = len(self.text.rstrip(GO_SPACE))
        return (len(self.text) - len(self.text.lstrip(GO_SPACE)), end) if end else (0, 0)


def open_text(data: bytes) -> JsonText:
    """A file as text, by its byte order mark (moby: daemon/config/config.go, since 23.0).

    Raises:
        FormatError: truncated UTF-16.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            body = data[len(mark) :]
            if encoding == "utf-8":
                return JsonText(text=decode(body), encoding=encoding, mark=mark)
            try:
                return JsonText(text=body.decode(encoding), encoding=encoding, mark=mark)
            except UnicodeDecodeError as error:
                raise FormatError(f"truncated UTF-16: {error.reason}", where=f"byte {error.start + 2}") from None
    return JsonText(text=decode(data), encoding="utf-8", mark=b"")
