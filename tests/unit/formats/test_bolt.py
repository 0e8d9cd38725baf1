"""Bolt files: intact ones are read completely, corrupt ones partially, hostile ones at low cost."""

import gzip
import random
import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.formats.databases import bolt, bolt_salvage, bolt_write
from doctor.formats.databases.bolt import Bucket
from doctor.formats.databases.bolt_page import NOT_STORED
from doctor.model.errors import FormatError

SAMPLES = Path(__file__).parent / "samples"
LOCAL_KV = gzip.decompress((SAMPLES / "local-kv.db.gz").read_bytes())
VOLUMES = gzip.decompress((SAMPLES / "volumes-metadata.db.gz").read_bytes())
"""Written by dockerd 26.1.5."""

NAMES = st.binary(min_size=1, max_size=6)
BUCKETS = st.recursive(
    st.builds(
        lambda keys, sequence: Bucket(keys=keys, sequence=sequence),
        st.dictionaries(NAMES, st.binary(max_size=40), max_size=4),
        st.integers(0, 2**64 - 1),
    ),
    lambda inner: st.builds(
        lambda keys, buckets, sequence: Bucket(
            keys={key: value for key, value in keys.items() if key not in buckets}, buckets=buckets, sequence=sequence
        ),
        st.dictionaries(NAMES, st.binary(max_size=9000), max_size=3),
        st.dictionaries(NAMES, inner, max_size=3),
        st.integers(0, 2**64 - 1),
    ),
    max_leaves=6,
)
ROOTS = st.builds(lambda buckets: Bucket(buckets=buckets), st.dictionaries(NAMES, BUCKETS, max_size=4))


def plain(bucket: Bucket) -> object:
    inner = {name: plain(found) for name, found in bucket.buckets.items()}
    return (bucket.keys, inner, bucket.sequence)


def test_a_database_of_dockerd_is_read_whole() -> None:
    database = bolt.read(LOCAL_KV)
    assert database.is_sound
    assert [generation.errors for generation in database.generations] == [(), ()]
    root = database.generations[0].root
    keys = root.buckets[b"libnetwork"].keys
    assert any(key.startswith(b"docker/network/v1.0/network/") for key in keys)
    volumes = bolt.read(VOLUMES).generations[0].root.at("volumes")
    assert volumes is not None
    assert all(value.startswith(b"{") for value in volumes.keys.values())
    assert bolt.read(VOLUMES).generations[0].root.at("volumes", "none") is None


def test_an_empty_file_is_a_new_database() -> None:
    assert bolt.read(b"").is_empty
    assert bolt.read(b"").is_sound
    assert bolt.read(b"").best is None


@pytest.mark.parametrize("data", [b"x", bytes(5000), bytes(65536), random.Random(1).randbytes(65536)])
def test_garbage_is_no_database(data: bytes) -> None:
    with pytest.raises(FormatError, match="no valid meta"):
        bolt.read(data)


@given(ROOTS, st.sampled_from([1024, 4096, 16384]))
def test_what_is_written_is_read(root: Bucket, page_size: int) -> None:
    data = bolt_write.write(root, page_size=page_size)
    database = bolt.read(data)
    assert database.is_sound
    for generation in database.generations:
        assert plain(generation.root) == plain(root)


def test_either_meta_alone_is_enough() -> None:
    newest = bolt.read(LOCAL_KV).generations[0]
    for page in (0, 1):
        broken = bytearray(LOCAL_KV)
        broken[page * 4096 : page * 4096 + 4096] = bytes(4096)
        database = bolt.read(bytes(broken))
        assert database.lost_metas == (page,)
        assert len(database.generations) == 1
        if newest.meta.page != page:
            assert plain(database.generations[0].root) == plain(newest.root)


def test_a_corrupt_newest_tree_leaves_the_older_one() -> None:
    newest, older = bolt.read(LOCAL_KV).generations
    assert newest.meta.root != older.meta.root
    broken = bytearray(LOCAL_KV)
    at = newest.meta.root * 4096
    broken[at : at + 4096] = bytes(4096)
    database = bolt.read(bytes(broken))
    assert not database.is_sound
    assert "says it is page 0" in database.generations[0].errors[0]
    assert database.best is not None
    assert plain(database.best.root) == plain(older.root)
    mended = bolt_write.with_generation(bytes(broken), database.best)
    again = bolt.read(mended)
    assert again.is_sound
    assert plain(again.generations[0].root) == plain(older.root)
    assert mended[8192:] == bytes(broken)[8192:]


def test_a_broken_freelist_is_found_and_repaired_by_the_metas_alone() -> None:
    newest = bolt.read(LOCAL_KV).generations[0]
    assert newest.meta.freelist != NOT_STORED
    broken = bytearray(LOCAL_KV)
    at = newest.meta.freelist * 4096
    broken[at + 8 : at + 10] = struct.pack("<H", 2)
    database = bolt.read(bytes(broken))
    assert database.generations[0].is_clean
    assert "freelist" in database.generations[0].freelist_error
    assert not database.is_sound
    mended = bolt_write.with_generation(bytes(broken), database.generations[0])
    assert bolt.read(mended).is_sound
    changed = [at for at in range(len(mended)) if mended[at] != broken[at]]
    assert max(changed) < 8192


def test_a_used_page_on_the_freelist_is_found() -> None:
    newest = bolt.read(LOCAL_KV).generations[0]
    broken = bytearray(LOCAL_KV)
    at = newest.meta.freelist * 4096
    struct.pack_into("<HIQ", broken, at + 10, 1, 0, newest.meta.root)
    assert "in use and on the freelist" in bolt.read(bytes(broken)).generations[0].freelist_error


def test_a_truncated_file_says_so() -> None:
    database = bolt.read(LOCAL_KV[: 5 * 4096])
    assert any("too short" in error for error in database.generations[0].errors)
    with pytest.raises(FormatError):
        bolt_write.with_generation(LOCAL_KV[: 5 * 4096], bolt.read(LOCAL_KV).generations[0])


def test_only_whole_generations_are_pointed_at() -> None:
    database = bolt.read(LOCAL_KV[: 5 * 4096])
    with pytest.raises(FormatError, match="is damaged"):
        bolt_write.with_generation(LOCAL_KV, database.generations[0])


def test_salvage_finds_records_without_any_meta() -> None:
    broken = bytes(8192) + LOCAL_KV[8192:]
    found = dict(bolt_salvage.leaf_entries(broken))
    wanted = bolt.read(LOCAL_KV).generations[0].root.buckets[b"libnetwork"].keys
    assert set(wanted) <= set(found)


@given(ROOTS)
def test_salvage_of_a_whole_file_finds_every_key(root: Bucket) -> None:
    def keys(bucket: Bucket) -> set[tuple[bytes, bytes]]:
        found = set(bucket.keys.items())
        return found.union(*(keys(inner) for inner in bucket.buckets.values()))

    assert set(bolt_salvage.leaf_entries(bolt_write.write(root))) == keys(root)


@given(st.sampled_from([LOCAL_KV[:65536], VOLUMES]), st.integers(0, 2**32), st.integers(1, 12))
def test_flipped_bytes_never_raise_anything_else(data: bytes, seed: int, count: int) -> None:
    chance = random.Random(seed)
    broken = bytearray(data)
    for _ in range(count):
        at = chance.choice([chance.randrange(len(broken)), chance.randrange(8192), chance.randrange(8192, 20480)])
        broken[at] = chance.randrange(256)
    try:
        database = bolt.read(bytes(broken))
    except FormatError:
        return
    for generation in database.generations:
        if generation.is_clean:
            bolt_write.with_generation(bytes(broken), generation)
    list(bolt_salvage.leaf_entries(bytes(broken)))


def meta(page: int, root: int, high_water: int, size: int = 4096) -> bytes:
    return bolt_write._meta_page(page, size, (root, 0), freelist=NOT_STORED, high_water=high_water, txid=page)


def test_a_page_that_is_its_own_child_ends_the_walk() -> None:
    body = struct.pack("<QHHI", 2, 1, 2, 0) + struct.pack("<IIQ", 32, 1, 2) + struct.pack("<IIQ", 17, 1, 2) + b"ab"
    data = meta(0, 2, 3) + meta(1, 2, 3) + body.ljust(4096, b"\0")
    assert "used twice" in bolt.read(data).generations[0].errors[0]


def test_elements_that_overlap_cannot_multiply_memory() -> None:
    pages = 2048
    count = 60000
    size = pages * 4096
    start = 16 + 16 * count
    table = b"".join(
        struct.pack("<IIII", 0, start + 4 * number - 16 - 16 * number, 4, size - start - 4 * count)
        for number in range(count)
    ) + b"".join(number.to_bytes(4, "big") for number in range(count))
    body = struct.pack("<QHHI", 2, 2, count, pages - 1) + table
    data = meta(0, 2, 2 + pages) + meta(1, 2, 2 + pages) + body.ljust(size, b"\0")
    tracemalloc.start()
    database = bolt.read(data)
    list(bolt_salvage.leaf_entries(data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert database.generations[0].errors
    assert peak < 16 * len(data)


def test_inline_buckets_nested_without_end_are_cut() -> None:
    inner = struct.pack("<QHHI", 0, 2, 1, 0) + struct.pack("<IIII", 0, 16, 1, 1) + b"kv"
    value = struct.pack("<QQ", 0, 0) + inner
    for _ in range(100):
        inner = struct.pack("<QHHI", 0, 2, 1, 0) + struct.pack("<IIII", 1, 16, 1, len(value)) + b"k" + value
        value = struct.pack("<QQ", 0, 0) + inner
    body = struct.pack("<QHHI", 2, 2, 1, 1) + struct.pack("<IIII", 1, 16, 1, len(value)) + b"b" + value
    data = meta(0, 2, 4) + meta(1, 2, 4) + body.ljust(8192, b"\0")
    assert any("can't be read" in error for error in bolt.read(data).generations[0].errors)
    assert list(bolt_salvage.leaf_entries(data)) == []


@pytest.mark.parametrize(
    "root",
    [
        Bucket(keys={b"k": b"v"}),
        Bucket(buckets={b"b": Bucket(keys={b"": b"v"})}),
        Bucket(buckets={b"b": Bucket(keys={b"k": b"v"}, buckets={b"k": Bucket()})}),
        Bucket(buckets={b"b": Bucket(keys={number.to_bytes(4, "big"): b"" for number in range(70000)})}),
    ],
)
def test_what_bolt_refuses_is_not_written(root: Bucket) -> None:
    with pytest.raises(FormatError):
        bolt_write.write(root)


def test_a_file_above_the_limit_is_not_read() -> None:
    with pytest.raises(FormatError, match="limit"):
        bolt.read(LOCAL_KV, max_bytes=1000)
