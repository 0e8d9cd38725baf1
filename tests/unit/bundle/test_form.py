"""A bundle is hostile input: whatever is wrong with the file is one clear error, within fixed limits."""

import os
import random
import time
import tracemalloc
import zlib
from pathlib import Path

import msgspec
import pytest

from doctor.bundle import form
from doctor.bundle.form import BundleList, Part, digest, pack, parse, read_file
from doctor.model.errors import UsageError
from doctor.model.report import HostInfo
from tests.cases.bundle_kit import forged, packed, unpacked

CONTENTS = {"doctor.facts.a.One": b"\x81\xa1a\x01", "doctor.facts.b.Two": b"", "report": b"x" * 40}


def listed(**changes: object) -> BundleList:
    parts = tuple(Part(name=name, bytes=len(raw), sha256=digest(raw)) for name, raw in CONTENTS.items())
    fields = {"doctor": "0.1.0", "taken": 1_764_000_000.0, "host": HostInfo(name="web-1"), "parts": parts}
    return BundleList(**fields | changes)  # type: ignore[arg-type]


SMALL = pack(listed(), CONTENTS)


def refused(raw: bytes) -> str:
    with pytest.raises(UsageError) as error:
        parse(raw, "/x.bundle")
    assert str(error.value).startswith("/x.bundle: ")
    return error.value.what


def test_what_is_packed_is_read() -> None:
    found = parse(SMALL, "/x")
    assert found.listed == listed()
    assert {name: bytes(raw) for name, raw in found.contents.items()} == CONTENTS
    assert pack(listed(), CONTENTS) == SMALL, "the same content has the same bytes"


def test_the_list_is_the_first_line() -> None:
    line = unpacked(SMALL).partition(b"\n")[0]
    assert msgspec.json.decode(line)["host"]["name"] == "web-1"


def test_truncated_at_every_byte_it_is_refused() -> None:
    assert all(refused(SMALL[:size]) for size in range(len(SMALL)))


def test_with_any_flipped_bit_it_is_refused_or_the_same() -> None:
    """The checksum of gzip covers all but the time and system in its header, and the bits that fill its last byte."""
    for place in range(len(SMALL) * 8):
        raw = bytearray(SMALL)
        raw[place // 8] ^= 1 << place % 8
        try:
            found = parse(bytes(raw), "/x.bundle")
        except UsageError:
            continue
        assert found == parse(SMALL, "/x")


def test_random_bytes_are_refused() -> None:
    chance = random.Random(64)
    for size in (0, 1, 9, 10, 100, 5000):
        refused(chance.randbytes(size))
        refused(b"\x1f\x8b\x08" + chance.randbytes(size))
        refused(packed(chance.randbytes(size)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "its form has version 2, and this doctor reads version 1"),
        ({"version": 10**30}, "and this doctor reads version 1"),
        ({"version": "1"}, "invalid"),
        ({"format": "doctor-bundles"}, "not a bundle"),
        ({"taken": 1e300}, "its time does not exist"),
        ({"taken": -1}, "its time does not exist"),
        ({"taken": "yesterday"}, "invalid"),
        ({"host": {"name": "x" * 257}}, "more than 256 characters"),
        ({"host": []}, "invalid"),
        ({"parts": [{"name": "a", "bytes": 1, "sha256": ""}] * 2}, "same name"),
        ({"parts": [{"name": "../../etc/passwd", "bytes": 1, "sha256": ""}]}, "no valid name"),
        ({"parts": [{"name": "/etc/passwd", "bytes": 1, "sha256": ""}]}, "no valid name"),
        ({"parts": [{"name": "a", "bytes": -1, "sha256": ""}]}, "larger"),
        ({"parts": [{"name": "a", "bytes": 1 << 40, "sha256": ""}]}, "a part is larger than 32 MiB"),
        ({"parts": [{"name": f"a{i}", "bytes": 32 << 20, "sha256": ""} for i in range(5)]}, "larger than 128 MiB"),
        ({"parts": [{"name": f"a{i}", "bytes": 0, "sha256": ""} for i in range(4097)]}, "more than 4096 parts"),
        ({"parts": [{"name": "a", "bytes": 1, "sha256": ""}]}, "more than its list says"),
        ({"parts": [{"name": "a", "bytes": 44, "sha256": "0"}]}, "the digest of a differs"),
        ({"parts": [{"name": "a", "bytes": 45, "sha256": "0"}]}, "truncated"),
    ],
)
def test_a_wrong_list_is_refused(change: dict[str, object], words: str) -> None:
    assert words in refused(forged(parse(SMALL, "/x"), **change))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"{",
        b'{"format":"doctor-bundle","version":1}',
        b"[" * 100_000,
        b'{"format":' * 50_000,
        b'{"format":"doctor-bundle","version":' + b"9" * 100_000 + b"}",
        b'{"x":' + b"[" * 200_000,
        b"\xff\x00",
    ],
)
def test_a_list_that_is_none_is_refused(line: bytes) -> None:
    refused(packed(line + b"\n"))


def test_a_second_stream_behind_it_is_refused() -> None:
    assert refused(SMALL + SMALL) == "can't read the bundle: it holds more than its list says"
    assert refused(SMALL + b"x") == "can't read the bundle: it holds more than its list says"


@pytest.mark.parametrize("begin", [b"", unpacked(SMALL), b'{"format":"doctor-bundle","version":1,"x":"'])
def test_a_bomb_is_not_unpacked(begin: bytes) -> None:
    """64 MiB of zeros in 64 KiB: refused within a second, and with a few MiB of memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1 << 20)
    raw = packer.compress(begin) + b"".join(packer.compress(block) for _ in range(64)) + packer.flush()
    began = time.process_time()
    tracemalloc.start()
    refused(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
    assert time.process_time() - began < 1


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.bundle"
    with path.open("wb") as stream:
        stream.truncate(10 << 30)
    with pytest.raises(UsageError, match="larger than 32 MiB"):
        read_file(str(path))


@pytest.mark.parametrize("kind", ["directory", "fifo", "missing", "device"])
def test_what_is_not_a_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.bundle"
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    with pytest.raises(UsageError):
        read_file("/dev/zero" if kind == "device" else str(path))


def test_the_limits_are_those_of_the_decision() -> None:
    assert (form.LARGEST_FILE, form.LARGEST_LIST, form.LARGEST_WHOLE) == (32 << 20, 1 << 20, 128 << 20)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "it is empty"),
        (packed(b'{"format":"doctor-bundle"')[:-9], "it is truncated"),
        (packed(b"no line"), "it has no list of its parts"),
    ],
)
def test_a_copy_that_was_cut_off_is_called_so(raw: bytes, problem: str) -> None:
    """Also one of nothing: in a pipe the other side failed."""
    with pytest.raises(UsageError, match=problem):
        parse(raw, "standard input")
