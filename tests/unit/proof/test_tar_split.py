"""A layer is proven by its tar-split file, whatever the tar was made with, and hostile ones end early."""

import base64
import collections
import gzip
import hashlib
import io
import json
import random
import tarfile
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.formats.crc import crc64
from doctor.model.errors import FormatError
from doctor.proof.tar import tar_header, tar_split
from doctor.proof.tar.tar_split import SplitPart

SAMPLES = Path(__file__).parents[1] / "formats/samples"
PLAIN = (SAMPLES / "tar-split.json.gz").read_bytes()
OPAQUE = (SAMPLES / "tar-split-opaque.json.gz").read_bytes()
"""Written by dockerd 26.1.5 for two layers of a built image."""

CONTENT = {b"t/link": b"one\n", b"t/sec": b"sec\n", b"www/index.html": b"hello\n"}
DIFF_ID = "sha256:950a32ba8b8f13fd714027add16ba67faaa24d8d1748185a0fa88b614a798d1e"
OPAQUE_CONTENT = {b"com": b"committed\n", b"www/index.html": b"com\n"}
OPAQUE_DIFF_ID = "sha256:f9137e89ba88f48464d3c081a1f14c09f4c440999e81a7061041bbb336f864ec"


def opener(content: dict[bytes, bytes]) -> Any:
    return lambda name, _size: [content[name]] if name in content else None


@pytest.mark.parametrize(
    ("data", "content", "diff_id"), [(PLAIN, CONTENT, DIFF_ID), (OPAQUE, OPAQUE_CONTENT, OPAQUE_DIFF_ID)]
)
def test_a_layer_of_dockerd_hashes_to_its_diff_id(data: bytes, content: dict[bytes, bytes], diff_id: str) -> None:
    found = tar_split.assemble(tar_split.read([data]), opener(content))
    assert (found.diff_id, found.missing, found.resized) == (diff_id, (), ())
    assert found.size % 512 == 0


def test_one_changed_byte_changes_the_digest() -> None:
    found = tar_split.assemble(tar_split.read([PLAIN]), opener({**CONTENT, b"t/sec": b"sek\n"}))
    assert found.diff_id != DIFF_ID


def test_lost_and_cut_files_are_named() -> None:
    content = {b"t/link": b"one", b"t/sec": b"sec\n"}
    found = tar_split.assemble(tar_split.read([PLAIN]), opener(content))
    assert (found.missing, found.resized) == ((b"www/index.html",), (b"t/link",))


def test_the_kept_checksums_are_those_of_the_files() -> None:
    crcs = {part.name: part.crc for part in tar_split.read([PLAIN]) if part.size}
    assert crcs == {name: crc64(data).to_bytes(8, "big") for name, data in CONTENT.items()}


def test_headers_show_what_each_file_should_be() -> None:
    found = {header.name: header for header in tar_split.headers(tar_split.read([OPAQUE]))}
    assert found[b"dev-null"].kind == "char"
    assert found[b"dev-null"].device == (1, 3)
    assert found[b"www/.wh..wh..opq"].is_opaque
    assert found[b"www/.wh..wh..opq"].removed is None
    assert found[b"www/"].kind == "directory"
    plain = {header.name: header for header in tar_split.headers(tar_split.read([PLAIN]))}
    assert (plain[b"t/one"].kind, plain[b"t/one"].link) == ("hardlink", b"t/link")


def split(tar: bytes) -> bytes:
    """tar-split of a tar as vbatts/tar-split writes it, from Python's own reading of the tar."""
    lines: list[bytes] = []

    def add(entry: dict[str, Any]) -> None:
        entry["position"] = len(lines)
        lines.append(json.dumps(entry, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")

    position = 0
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        for member in opened:
            raw = tar[position : member.offset_data]
            add({"type": 2, "payload": base64.b64encode(raw).decode()})
            size = member.size if member.isreg() else 0
            body = tar[member.offset_data : member.offset_data + size]
            name = member.name + ("/" if member.isdir() else "")
            crc = base64.b64encode(crc64(body).to_bytes(8, "big")).decode() if size else None
            entry: dict[str, Any] = {"type": 1}
            encoded = name.encode("utf-8", "surrogateescape")
            try:
                entry["name"] = encoded.decode()
            except UnicodeDecodeError:
                entry["name_raw"] = base64.b64encode(encoded).decode()
            if size:
                entry["size"] = size
            add({**entry, "payload": crc})
            position = member.offset_data + size
    add({"type": 2, "payload": base64.b64encode(tar[position:]).decode()})
    return gzip.compress(b"".join(lines))


def test_old_long_names_and_big_numbers_are_read() -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as opened:
        opened.addfile(tarfile.TarInfo("d" * 90 + "/" + "f" * 90))
    header = tar_header.parse_headers(made.getvalue())
    assert header is not None
    assert header.name == b"d" * 90 + b"/" + b"f" * 90
    assert (tar_header.number(b"\xff" * 12), tar_header.number(b"\x80" + b"\0" * 7 + b"\x01\0\0\0")) == (-1, 1 << 24)
    assert header.removed is None
    assert tar_header.parse_headers(bytes(1024)) is None


def test_a_whiteout_names_what_it_removes() -> None:
    block = bytearray(tarfile.TarInfo("usr/lib/.wh.gone").tobuf(format=tarfile.USTAR_FORMAT))
    header = tar_header.parse_headers(bytes(block))
    assert header is not None
    assert (header.removed, header.is_opaque) == (b"usr/lib/gone", False)


NAMES = st.one_of(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=30),
    st.sampled_from(["x" * 150, 'q"uote', "back\\slash", "new\nline", ".wh.gone", "\udcff\udcfe"]),
)


@st.composite
def tars(draw: st.DrawFn) -> tuple[bytes, dict[bytes, tarfile.TarInfo], dict[bytes, bytes]]:
    """A tar with files, directories and links in one of the three formats; its members, its contents."""
    content: dict[bytes, bytes] = {}
    members: dict[bytes, tarfile.TarInfo] = {}
    target = io.BytesIO()
    kind = draw(st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]))
    with tarfile.open(fileobj=target, mode="w", format=kind, errors="surrogateescape") as made:
        for name in draw(st.lists(NAMES.filter(lambda text: text.strip("/. ") == text), max_size=6, unique=True)):
            info = tarfile.TarInfo(name)
            info.mode = draw(st.integers(0, 0o7777))
            info.uid = draw(st.integers(0, 2**31))
            info.gid = draw(st.integers(0, 70000))
            info.mtime = draw(st.integers(0, 2**33))
            info.type = draw(st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE]))
            if info.type in {tarfile.SYMTYPE, tarfile.LNKTYPE}:
                info.linkname = draw(st.sampled_from(["target", "t" * 180]))
            data = draw(st.binary(max_size=2000)) if info.type == tarfile.REGTYPE else b""
            info.size = len(data)
            if kind == tarfile.PAX_FORMAT and draw(st.booleans()):
                info.pax_headers = {"SCHILY.xattr.user.x": "value"}
            made.addfile(info, io.BytesIO(data))
            encoded = name.encode("utf-8", "surrogateescape")
            members[encoded] = info
            if data:
                content[encoded] = data
    return target.getvalue(), members, content


@given(tars())
def test_any_tar_is_reassembled_and_its_headers_are_read(
    made: tuple[bytes, dict[bytes, tarfile.TarInfo], dict[bytes, bytes]],
) -> None:
    tar, members, content = made
    parts = list(tar_split.read([split(tar)]))
    found = tar_split.assemble(parts, opener(content))
    assert found.diff_id == "sha256:" + hashlib.sha256(tar).hexdigest()
    headers = {header.name.rstrip(b"/"): header for header in tar_split.headers(parts)}
    assert set(headers) == set(members)
    for name, info in members.items():
        header = headers[name]
        assert (header.mode, header.uid, header.gid) == (info.mode, info.uid, info.gid)
        assert header.mtime_ns == info.mtime * 10**9
        assert (header.kind == "directory") == info.isdir()
        if info.issym() or info.islnk():
            assert header.link == info.linkname.encode()
        assert header.xattrs == ({b"user.x": b"value"} if info.pax_headers else {})


@given(tars(), st.integers(1, 700))
def test_the_size_of_the_chunks_does_not_matter(
    made: tuple[bytes, dict[bytes, tarfile.TarInfo], dict[bytes, bytes]], size: int
) -> None:
    data = split(made[0])
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    assert list(tar_split.read(chunks)) == list(tar_split.read([data]))


def test_a_truncated_file_gives_its_good_part_first() -> None:
    reader = tar_split.read([PLAIN[:-40]])
    found: list[SplitPart] = []
    with pytest.raises(FormatError, match="truncated gzip"):
        found.extend(reader)
    assert found == list(tar_split.read([PLAIN]))[: len(found)]


@given(st.binary(max_size=60), st.integers(0, 2**32))
def test_garbled_files_raise_only_format_error(data: bytes, seed: int) -> None:
    chance = random.Random(seed)
    damaged = bytearray(PLAIN)
    damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    lines = bytearray(gzip.decompress(OPAQUE))
    for _ in range(3):
        lines[chance.randrange(len(lines))] = chance.randrange(256)
    for file in (
        data,
        bytes(damaged),
        gzip.compress(data),
        gzip.compress(bytes(lines)),
        gzip.compress(data * 9 + b"\n"),
    ):
        try:
            for _ in tar_split.headers(tar_split.read([file])):
                pass
        except FormatError as error:
            assert error.what  # noqa: PT017 - most files raise, some don't


@given(st.binary(max_size=1600))
def test_garbled_headers_raise_only_format_error(raw: bytes) -> None:
    block = bytearray(raw.ljust(1024, b"0")[:1024])
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + sum(block[156:512]) + 8 * 32)
    for data in (raw, bytes(block)):
        try:
            tar_header.parse_headers(data)
        except FormatError as error:
            assert error.what  # noqa: PT017 - most files raise, some don't


def test_a_gzip_bomb_ends_at_the_limit_in_little_memory() -> None:
    line = b'{"type":2,"payload":"' + b"A" * 4000 + b'","position":0}\n'
    bomb = gzip.compress(line * 50_000)
    tracemalloc.start()
    reader = tar_split.read([bomb], max_bytes=64 << 20)
    with pytest.raises(FormatError, match="more than"):
        collections.deque(reader, maxlen=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(FormatError, match="without an end"):
        list(tar_split.read([gzip.compress(b"x" * (40 << 20))]))


def test_many_odd_lines_take_linear_time() -> None:
    data = gzip.compress(b"\n" * 400_000 + b'{"type":2,"payload":"","position":0}')
    assert list(tar_split.read([data])) == [SplitPart(b"")]
