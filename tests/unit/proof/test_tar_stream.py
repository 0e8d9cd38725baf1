"""A layer as it streams by: any packing gives the same entries and bytes, and nothing but FormatError comes of garbage."""

import gzip
import io
import tarfile
from collections.abc import Iterator
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.model.errors import FormatError
from doctor.proof.tar.tar_stream import TarStream, expand


def packed(files: dict[str, bytes]) -> bytes:
    """A tar with these files and a long name with an attribute."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.pax_headers = len(content), {"SCHILY.xattr.user.x": "y"}
            tar.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def chunked(data: bytes, size: int) -> Iterator[bytes]:
    """Pieces of one size."""
    return iter([data[start : start + size] for start in range(0, len(data), size)])


def read(data: bytes, size: int) -> tuple[dict[bytes, bytes], str]:
    """All files, and the digest of the bytes that were seen."""
    digest = sha256()
    stream = TarStream(expand(chunked(data, size)), digest.update)
    found = {header.name: b"".join(iter(stream.content, b"")) for header in stream.entries()}
    return found, digest.hexdigest()


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,9}(/[a-z]{1,200})?", fullmatch=True), st.binary(max_size=2000), max_size=5),
    st.integers(1, 5000),
    st.integers(0, 3000),
)
def test_any_packing_gives_the_same(files: dict[str, bytes], size: int, cut: int) -> None:
    """Plain, gzip, and gzip in two members; every byte of the tar is seen."""
    tar = packed(files)
    wanted = {name.encode(): content for name, content in files.items()}, sha256(tar).hexdigest()
    for data in (tar, gzip.compress(tar), gzip.compress(tar[:cut]) + gzip.compress(tar[cut:])):
        assert read(data, size) == wanted


def test_what_is_not_read_is_passed_over() -> None:
    """Entries come right when nobody takes the contents."""
    stream = TarStream(expand(iter([packed({"a": b"x" * 1000, "b": b"y"})])), lambda _: None)
    assert [header.name for header in stream.entries()] == [b"a", b"b"]


@given(st.binary(max_size=3000), st.integers(1, 600))
def test_garbage_ends(data: bytes, size: int) -> None:
    """A broken layer is reported without a traceback."""
    for content in (data, gzip.compress(data), b"\x1f\x8b" + data, packed({"a": b"b"})[: len(data)]):
        try:
            read(content, size)
        except FormatError:
            continue


def test_a_truncated_gzip_is_reported() -> None:
    """Half a stream is not a tar."""
    data = gzip.compress(packed({"a": bytes(5000)}))
    with pytest.raises(FormatError, match="truncated"):
        read(data[: len(data) // 2], 64)
