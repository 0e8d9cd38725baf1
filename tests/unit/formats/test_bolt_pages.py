"""Records from single pages of a bolt file without a valid root."""

from doctor.formats.databases.bolt import Bucket, find_metas
from doctor.formats.databases.bolt_salvage import old_trees, small_buckets
from doctor.formats.databases.bolt_write import write


def database() -> bytes:
    """Two buckets, one in the other."""
    return write(Bucket(buckets={b"v1": Bucket(keys={b"version": b"3"}, buckets={b"a": Bucket(keys={b"k": b"v"})})}))


def test_a_tree_is_found_without_its_root() -> None:
    """The page of the only bucket in it is as good."""
    data = bytearray(database())
    for meta in find_metas(bytes(data)):
        start = meta.root * meta.page_size
        data[start : start + meta.page_size] = bytes(meta.page_size)
    found = list(old_trees(bytes(data), lambda names: b"version" in names))
    assert [(tree.keys, tree.buckets[b"a"].keys) for tree in found] == [({b"version": b"3"}, {b"k": b"v"})]


def test_nothing_is_found_in_garbage() -> None:
    """No page says its number."""
    for data in (b"", b"x" * 10_000, bytes(65536)):
        assert list(old_trees(data, lambda _: True)) == []
        assert list(small_buckets(data)) == []
