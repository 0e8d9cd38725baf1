"""A layer's tar as a hash and as tar-split, without ever holding the file contents."""

import base64
import gzip
import hashlib
import json

from benchmarks.rootgen.entry import EMPTY, Content
from benchmarks.rootgen.tar import padding


class TarSplit:
    """Takes headers and contents in tar order, and knows the diff id and tar-split.json.gz at the end.

    Format: gzip of JSON lines, type 2 a run of raw tar bytes, type 1 a file body with its size and CRC-64 (big-endian, base64);
    see vbatts/tar-split:tar/storage/entry.go.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._lines: list[str] = []
        self._raw = b""

    def add(self, name: str, header: bytes, content: Content = EMPTY) -> None:
        """One tar entry: its header bytes, then its body."""
        self._digest.update(header)
        self._segment(self._raw + header)
        position = len(self._lines)
        quoted = json.dumps(name, ensure_ascii=False)
        size = content.size_bytes
        if size == 0:
            self._raw = b""
            self._lines.append(f'{{"type":1,"name":{quoted},"payload":null,"position":{position}}}')
            return
        for chunk in content.chunks():
            self._digest.update(chunk)
        self._raw = padding(size)
        self._digest.update(self._raw)
        checksum = base64.b64encode(content.crc64.to_bytes(8, "big")).decode()
        self._lines.append(f'{{"type":1,"name":{quoted},"size":{size},"payload":"{checksum}","position":{position}}}')

    def finish(self) -> tuple[str, bytes]:
        """The diff id (`sha256:…`) and the bytes of tar-split.json.gz."""
        end = bytes(1024)
        self._digest.update(end)
        self._segment(self._raw + end)
        text = "".join(f"{line}\n" for line in self._lines)
        return f"sha256:{self._digest.hexdigest()}", gzip.compress(text.encode(), compresslevel=3, mtime=0)

    def _segment(self, raw: bytes) -> None:
        payload = base64.b64encode(raw).decode()
        self._lines.append(f'{{"type":2,"payload":"{payload}","position":{len(self._lines)}}}')
