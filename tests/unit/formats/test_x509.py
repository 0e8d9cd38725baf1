"""Certificates and keys as openssl makes them, and as a bad disk or a stranger leaves them."""

import base64
import shutil
import subprocess
from pathlib import Path

import pytest

from doctor.formats.config import x509
from doctor.model.errors import FormatError

KINDS = {"rsa": ["rsa:2048"], "ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "ed25519": ["ed25519"]}


def made(folder: Path, kind: str) -> tuple[bytes, bytes]:
    """A certificate of 2020 to 2021 and its key."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    certificate, key = folder / f"{kind}.crt", folder / f"{kind}.key"
    command = ["openssl", "req", "-x509", "-nodes", "-subj", "/CN=localhost", "-newkey", *KINDS[kind]]
    dates = ["-not_before", "20200101000000Z", "-not_after", "20210101000000Z"]
    subprocess.run([*command, *dates, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate.read_bytes(), key.read_bytes()


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_validity_and_key_are_as_openssl_made_them(tmp_path: Path, kind: str) -> None:
    pem, key = made(tmp_path, kind)
    (certificate,) = x509.certificates(b"text before\n" + pem)
    assert (certificate.not_before, certificate.not_after) == (1577836800.0, 1609459200.0)
    assert x509.public_half(key) == certificate.public
    traditional = subprocess.run(["openssl", "pkey", "-traditional"], input=key, check=True, capture_output=True).stdout
    assert x509.public_half(traditional) == certificate.public
    (other,) = x509.certificates(made(tmp_path / "..", kind)[0])
    assert x509.public_half(key) != other.public


def test_a_damaged_block_after_the_first_is_passed_over(tmp_path: Path) -> None:
    """Go's crypto/tls needs the first certificate; what it can't parse after it stops no engine."""
    pem, _ = made(tmp_path, "ec")
    broken = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    assert x509.certificates(pem + broken) == x509.certificates(pem)
    with pytest.raises(FormatError):
        x509.certificates(broken + pem)


def test_a_key_without_its_public_half_is_not_judged(tmp_path: Path) -> None:
    assert x509.public_half(made(tmp_path, "ed25519")[1]) is None
    assert x509.public_half(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") is None


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_damage_is_a_format_error(tmp_path: Path, kind: str) -> None:
    """Cut short anywhere, one byte changed anywhere: an answer or a `FormatError`, never anything else."""
    for pem, label in zip(made(tmp_path, kind), ("CERTIFICATE", "PRIVATE KEY"), strict=True):
        read = x509.certificates if label == "CERTIFICATE" else x509.public_half
        der = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
        broken = [der[:size] for size in range(len(der))]
        broken += [der[:at] + bytes([der[at] ^ 0x81]) + der[at + 1 :] for at in range(len(der))]
        for data in broken:
            text = f"-----BEGIN {label}-----\n{base64.b64encode(data).decode()}\n-----END {label}-----\n"
            try:
                read(text.encode())
            except FormatError:
                continue


def test_nesting_is_no_recursion() -> None:
    inner = b""
    for _ in range(5000):
        body = b"\x02\x01\x00\x30\x00" + b"\x04\x84" + len(inner).to_bytes(4) + inner
        inner = b"\x30\x84" + len(body).to_bytes(4) + body
    text = f"-----BEGIN PRIVATE KEY-----\n{base64.b64encode(inner).decode()}\n-----END PRIVATE KEY-----\n"
    assert x509.public_half(text.encode()) is None
