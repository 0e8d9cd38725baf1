"""Validity and public key of certificates, and the public half of a private key, out of PEM files."""

import base64
import binascii
import calendar
import re
import time
from collections.abc import Iterator
from ipaddress import ip_address

from msgspec import Struct

from doctor.model.errors import FormatError

_SEQUENCE, _OCTETS, _BITS = 0x30, 0x04, 0x03
_VERSION, _PUBLIC = 0xA0, 0xA1
_EXTENSIONS, _DNS, _IP = 0xA3, 0x82, 0x87
_SAN, _COMMON_NAME, _ORGANIZATION = b"\x55\x1d\x11", b"\x55\x04\x03", b"\x55\x04\x0a"
_MOST_NAME = 120
_TIMES = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}

Part = tuple[int, bytes, bytes]
"""A value of DER: its tag, its content, and all of it."""


class Certificate(Struct, frozen=True, kw_only=True):
    """One certificate: seconds since the epoch, and the public key's bits."""

    not_before: float
    not_after: float
    public: bytes


def certificates(pem: bytes) -> tuple[Certificate, ...]:
    """Return the certificates of a file in their order. Raises ``FormatError`` if there are no certificates, or the
    first is damaged.

    >>> certificates(b"no certificate")
    Traceback (most recent call last):
    doctor.model.errors.FormatError: it has no certificate
    """
    found: list[Certificate] = []
    blocks = _blocks(pem, "CERTIFICATE")
    while (block := next(blocks, None)) is not None:
        try:
            found.append(_certificate(_der(block)))
        except FormatError:
            # Go's crypto/tls needs the first one and passes over later ones that it can't parse.
            if not found:
                raise
    if not found:
        raise FormatError("it has no certificate")
    return tuple(found)


def of_der(der: bytes) -> Certificate:
    """Return one certificate in DER form, as a server sends it. Raises ``FormatError``."""
    return _certificate(der)


def server_names(der: bytes) -> tuple[str, ...]:
    """Return the host names and addresses of a certificate's SAN (RFC 5280, 4.2.1.6). Raises ``FormatError``."""
    found: list[str] = []
    for part in _fields(der):
        if part[0] != _EXTENSIONS:
            continue
        for extension in _parts(_inside(part[1], _SEQUENCE)):
            pieces = _parts(extension[1])
            if pieces and pieces[0][1] == _SAN and pieces[-1][0] == _OCTETS:
                found += [_san(name) for name in _parts(_inside(pieces[-1][1], _SEQUENCE)) if name[0] in {_DNS, _IP}]
    return tuple(found)


def issuer(der: bytes) -> str:
    """Return the name of a certificate's authority: its common name, else its organization. Raises ``FormatError``."""
    fields = _fields(der)
    found: dict[bytes, str] = {}
    for group in _parts(fields[2][1]) if len(fields) > 2 else []:
        for pair in _parts(group[1]):
            pieces = _parts(pair[1])
            if len(pieces) == 2:
                found[pieces[0][1]] = pieces[1][1].decode("utf-8", "replace")
    return (found.get(_COMMON_NAME) or found.get(_ORGANIZATION) or "")[:_MOST_NAME]


def _fields(der: bytes) -> list[Part]:
    whole = _parts(_inside(der, _SEQUENCE))
    fields = _parts(whole[0][1]) if whole else []
    return fields[1:] if fields and fields[0][0] == _VERSION else fields


def _san(name: Part) -> str:
    if name[0] == _DNS:
        return name[1].decode("latin-1")[:_MOST_NAME]
    return str(ip_address(name[1])) if len(name[1]) in {4, 16} else "?"


def public_half(pem: bytes) -> bytes | None:
    """Return the public key's bits of a private key; ``None`` for one that does not hold them, or is encrypted."""
    if b"ENCRYPTED" in pem:
        return None
    for block in _blocks(pem, r"(?:RSA |EC )?PRIVATE KEY"):
        return _public(_inside(_der(block), _SEQUENCE))
    raise FormatError("it has no private key")


def _blocks(pem: bytes, label: str) -> Iterator[str]:
    text = pem.decode("latin-1")
    for found in re.finditer(rf"-----BEGIN {label}-----([A-Za-z0-9+/=\s]*)-----END {label}-----", text):
        yield found[1]


def _der(block: str) -> bytes:
    try:
        return base64.b64decode("".join(block.split()), validate=True)
    except binascii.Error as error:
        raise FormatError(f"its base64 is damaged: {error}") from error


def _certificate(der: bytes) -> Certificate:
    whole = _parts(_inside(der, _SEQUENCE))
    fields = _parts(whole[0][1]) if whole else []
    if fields and fields[0][0] == _VERSION:
        fields = fields[1:]
    if len(fields) < 6:
        raise FormatError("its certificate is truncated")
    times, key = _parts(fields[3][1]), _parts(fields[5][1])
    if len(times) != 2 or len(key) != 2 or key[1][0] != _BITS:
        raise FormatError("its certificate has another form than X.509")
    return Certificate(not_before=_time(times[0]), not_after=_time(times[1]), public=key[1][1][1:])


def _time(part: Part) -> float:
    try:
        return float(calendar.timegm(time.strptime(part[1].decode("ascii"), _TIMES[part[0]])))
    except (KeyError, ValueError) as error:
        raise FormatError("its certificate has a time of another form than X.509") from error


def _public(content: bytes, *, is_wrapped: bool = False) -> bytes | None:
    fields = _parts(content)
    if not is_wrapped and len(fields) >= 3 and fields[1][0] == _SEQUENCE and fields[2][0] == _OCTETS:
        inner = fields[2][1]
        # PKCS #8 wraps the key of its algorithm; that of Ed25519 is bare octets.
        return _public(_inside(inner, _SEQUENCE), is_wrapped=True) if inner[:1] == bytes([_SEQUENCE]) else None
    if len(fields) >= 9:
        numbers = fields[1][2] + fields[2][2]
        return _sequence(numbers)
    public = next((part for part in fields if part[0] == _PUBLIC), None)
    return None if public is None else _inside(public[1], _BITS)[1:]


def _sequence(content: bytes) -> bytes:
    """Return content as a sequence: RSA's public key is one of modulus and exponent."""
    size = len(content)
    raw = size.to_bytes((size.bit_length() + 7) // 8)
    length = raw if size < 0x80 else bytes([0x80 | len(raw)]) + raw
    return bytes([_SEQUENCE]) + length + content


def _inside(data: bytes, tag: int) -> bytes:
    parts = _parts(data)
    if not parts or parts[0][0] != tag:
        raise FormatError("its key or certificate is damaged")
    return parts[0][1]


def _parts(data: bytes) -> list[Part]:
    found: list[Part] = []
    at = 0
    while at < len(data):
        start, size = at + 2, data[at + 1] if at + 1 < len(data) else 0
        if size & 0x80:
            count = size & 0x7F
            if not 0 < count <= 4:
                raise FormatError("its key or certificate is damaged")
            size, start = int.from_bytes(data[start : start + count]), start + count
        if start > len(data) or start + size > len(data):
            raise FormatError("its key or certificate is truncated")
        found.append((data[at], data[start : start + size], data[at : start + size]))
        at = start + size
    return found
