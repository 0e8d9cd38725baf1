"""The certificates of a server in DER form: the few fields that a verification by a program does not name.

RFC 5280. The content is hostile: whatever has another form has no fields.
"""

import base64
import hashlib
import re

_SEQUENCE, _VERSION, _EXTENSIONS, _DNS = 0x30, 0xA0, 0xA3, 0x82
_SAN, _KEY_ID = b"\x06\x03\x55\x1d\x11", b"\x06\x03\x55\x1d\x0e"
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----")
_MOST_LINKS = 16


class FormError(Exception):
    """It is not DER of the expected form."""


def parts(data: bytes) -> "list[tuple[int, bytes, bytes]]":
    """The values of a sequence: of each its tag, its content, and all of it. Raises ``FormError``."""
    found = []
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise FormError
        start, size = at + 2, data[at + 1]
        if size & 0x80:
            count = size & 0x7F
            if not 0 < count <= 4:
                raise FormError
            size, start = int.from_bytes(data[start : start + count], "big"), start + count
        if start + size > len(data):
            raise FormError
        found.append((data[at], data[start : start + size], data[at : start + size]))
        at = start + size
    return found


class ShownCertificate:
    """One certificate: the names of its subject and issuer as bytes, and its extensions. Raises ``FormError``."""

    def __init__(self, der: bytes) -> None:
        self.der = der
        whole = parts(der)
        if len(whole) != 1 or whole[0][0] != _SEQUENCE:
            raise FormError
        inner = parts(whole[0][1])
        fields = parts(inner[0][1]) if inner else []
        fields = fields[1:] if fields and fields[0][0] == _VERSION else fields
        if len(fields) < 6:
            raise FormError
        self.issuer, self.subject = fields[2][2], fields[4][2]
        self._extensions = b"".join(field[1] for field in fields[6:] if field[0] == _EXTENSIONS)

    def has_host_name(self) -> bool:
        """Whether its SAN names a host: Go ignores the common name."""
        content = self._extension(_SAN)
        return any(tag == _DNS for _, names, _ in parts(content) for tag, _, _ in parts(names))

    def key_id(self) -> bytes:
        """The identifier of its key, empty for none."""
        return b"".join(content for _, content, _ in parts(self._extension(_KEY_ID)))

    def _extension(self, name: bytes) -> bytes:
        for _, listed, _ in parts(self._extensions):
            for _, extension, _ in parts(listed):
                pieces = parts(extension)
                if len(pieces) > 1 and pieces[0][2] == name:
                    return pieces[-1][1]
        return b""


def of_pem(content: bytes) -> "list[ShownCertificate]":
    """The certificates of a file; none if it holds one that can't be read, for OpenSSL leaves out such a file."""
    try:
        return [
            ShownCertificate(base64.b64decode(b"".join(block.split()), validate=True))
            for block in _PEM.findall(content)
        ]
    except (FormError, ValueError):
        return []


def root(sent: "list[bytes]", store: "list[ShownCertificate]") -> str:
    """SHA-256 of the authority at which a verified chain ends, "" if it can't be found: what the store has, goes first."""
    try:
        chain = [ShownCertificate(der) for der in sent]
        here = chain[0]
        for _ in range(_MOST_LINKS):
            if here.subject == here.issuer:
                break
            above = _above(here, store) or _above(here, chain)
            if above is None:
                break
            here = above
    except (FormError, IndexError):
        return ""
    return hashlib.sha256(here.der).hexdigest()


def _above(here: ShownCertificate, among: "list[ShownCertificate]") -> "ShownCertificate | None":
    """The issuer of a certificate: of several with its name, the one whose key it names."""
    found = [one for one in among if one.subject == here.issuer]
    named = [one for one in found if (key := one.key_id()) and key in here.der]
    return next(iter(named or found), None)
