"""Writes tar-split.json.gz as dockerd does: one JSON object a line, raw bytes of the tar or the position of a
content.
"""

import json
import zlib
from binascii import b2a_base64


class SplitWriter:
    r"""Writes a tar's raw bytes and files in order.

    >>> writer = SplitWriter()
    >>> writer.raw(b"\0\0")
    >>> writer.file(b"a", 3, b"\0" * 8)
    >>> from doctor.proof.tar.tar_split import read
    >>> [(part.raw, part.name, part.size) for part in read([writer.finish()])]
    [(b'\x00\x00', b'', 0), (None, b'a', 3)]
    """

    def __init__(self) -> None:
        self._packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        self._chunks: list[bytes] = []
        self._raw = b""
        self._position = 0

    def raw(self, data: bytes) -> None:
        """Add raw bytes: headers, padding, the end."""
        self._raw += data

    def file(self, name: bytes, size: int, crc: bytes) -> None:
        """Add the position of an entry's content, empty ones too; ``crc`` is that of its eight-byte CRC-64."""
        self._flush()
        try:
            named = f'"name":{json.dumps(name.decode(), ensure_ascii=False)}'
        except UnicodeDecodeError:
            named = f'"name_raw":"{_base64(name)}"'
        content = f'"size":{size},"payload":"{_base64(crc)}"' if size else '"payload":null'
        self._line(f'{{"type":1,{named},{content},"position":{self._position}}}')

    def _flush(self) -> None:
        if self._raw:
            payload, self._raw = _base64(self._raw), b""
            self._line(f'{{"type":2,"payload":"{payload}","position":{self._position}}}')

    def _line(self, text: str) -> None:
        self._position += 1
        self._chunks.append(self._packer.compress(text.encode() + b"\n"))

    def finish(self) -> bytes:
        """Return the compressed file."""
        self._flush()
        self._chunks.append(self._packer.flush())
        return b"".join(self._chunks)


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode()
