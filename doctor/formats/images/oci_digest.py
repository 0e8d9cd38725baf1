"""Digests and chain ids: Docker's and OCI's names of contents and layer stacks."""

from collections.abc import Iterable
from hashlib import sha256

from doctor.model.errors import FormatError

_HEX = frozenset("0123456789abcdef")
_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


def is_hex64(text: str) -> bool:
    """Whether a name is the hexadecimal part of a sha256 digest, as Docker names its files: 64 lower-case digits.

    >>> is_hex64("ab" * 32), is_hex64("AB" * 32)
    (True, False)
    """
    return len(text) == 64 and _HEX.issuperset(text)


def is_digest(text: str) -> bool:
    """Whether a text is a digest that Docker can verify: sha256, sha384 or sha512 with the right number of digits.

    Source: opencontainers/go-digest, `Digest.Validate`.
    """
    algorithm, colon, digits = text.partition(":")
    return bool(colon) and len(digits) == _LENGTHS.get(algorithm, -1) and _HEX.issuperset(digits)


def sha256_digest(data: bytes) -> str:
    """The digest of bytes, with its algorithm in front."""
    return "sha256:" + sha256(data).hexdigest()


def chain_ids(diff_ids: Iterable[str]) -> tuple[str, ...]:
    """The chain id of each layer, lowest first: the names of its directories in layerdb (after "sha256:").

    The chain id of the first layer is its diff id; each next one hashes the one below and its own diff id
    (OCI image specification, "Layer ChainID").

    Raises:
        FormatError: an entry of the list is not a digest.

    >>> chain_ids(["sha256:" + "0" * 64, "sha256:" + "1" * 64])[1]
    'sha256:f94b891e05f6e37c90d87edfd5bb98a02d618a437c35f3a94b3b00e48e894631'
    """
    chain: list[str] = []
    for number, diff_id in enumerate(diff_ids, start=1):
        if not is_digest(diff_id):
            raise FormatError(f"not a digest: {diff_id[:100]!r}", where=f"layer {number}")
        chain.append(sha256_digest(f"{chain[-1]} {diff_id}".encode()) if chain else diff_id)
    return tuple(chain)
