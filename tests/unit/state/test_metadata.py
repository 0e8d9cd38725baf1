"""The store of metadata backups: whole or not there, bounded, and never damaged by an interruption."""

import os
import stat
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.model.errors import DoctorError, FormatError
from doctor.model.root_identity import RootIdentity
from doctor.state.metadata import BackupGeneration, MetadataFile, decode, encode, pack, unpack
from doctor.state.metadata_store import MetadataStore, within
from doctor.state.settings import KeepMetadata

DAY = 86400.0
KEEP = KeepMetadata()
IDENTITY = RootIdentity(path="/var/lib/docker", engine_id="one", places={".": (2, 1)})


def entry(digest: str, size: int = 1) -> MetadataFile:
    return MetadataFile(size, 1, 1, 0o600, 0, 0, digest)


def generation(taken: float, files: dict[str, MetadataFile], identity: RootIdentity = IDENTITY) -> BackupGeneration:
    return BackupGeneration(taken=taken, identity=identity, files=files)


def kept(
    store: MetadataStore, taken: float, *contents: bytes, keep: KeepMetadata = KEEP, identity: RootIdentity = IDENTITY
) -> None:
    """Keep a backup with these contents."""
    files = {str(number): entry(store.put(content)) for number, content in enumerate(contents)}
    store.commit(generation(taken, files, identity), keep)


def taken(store: MetadataStore) -> list[float]:
    """When the backups were taken that are there, newest first."""
    return [listed.generation.taken for listed in store.newest()]


def blobs(store: MetadataStore) -> set[str]:
    return set(os.listdir(store.blobs))


@pytest.fixture
def store(tmp_path: Path) -> MetadataStore:
    made = MetadataStore(str(tmp_path))
    made.prepare()
    return made


@given(st.binary(max_size=3000))
def test_a_content_is_restored_and_nothing_else_does(content: bytes) -> None:
    """Packing and unpacking is identity; a changed blob is refused, never returned."""
    digest = sha256(content).hexdigest()
    blob = pack(content)
    assert unpack(blob, digest) == content
    for broken in (b"", blob[:-1], blob + b"x", b"z" + content, b"\0" + blob):
        try:
            assert unpack(broken, digest) == content
        except FormatError:
            continue


@given(st.binary(max_size=300))
def test_a_list_that_is_not_one_is_refused(data: bytes) -> None:
    """Only ``FormatError``, whatever lies there."""
    with pytest.raises(FormatError):
        decode(data, BackupGeneration)


def test_a_truncated_or_altered_list_is_refused() -> None:
    """One byte less, or another one: no record of it is believed."""
    whole = encode(generation(1.0, {"a": entry("d")}))
    assert decode(whole, BackupGeneration).files == {"a": entry("d")}
    for broken in (whole[:-1], whole[:80], whole.replace(b'"a"', b'"b"')):
        with pytest.raises(FormatError):
            decode(broken, BackupGeneration)


def test_a_bomb_is_not_unpacked() -> None:
    """A blob of a few KiB that would fill the memory ends at the limit."""
    packer = zlib.compressobj(9)
    bomb = b"z" + b"".join([packer.compress(bytes(1 << 20)) for _ in range(128)]) + packer.flush()
    with pytest.raises(FormatError):
        unpack(bomb, "0" * 64)


def test_equal_contents_are_kept_once_and_only_root_reads_them(store: MetadataStore) -> None:
    """Two backups of one content share its blob; directories are 0700, files 0600."""
    kept(store, 1 * DAY, b"tags", b"config")
    kept(store, 2 * DAY, b"tags", b"config two")
    assert len(blobs(store)) == 3
    for folder, _, files in os.walk(store.path):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        for name in files:
            assert stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) == 0o600


class Killed:
    """Ends the process, as it were, at the system call with this number."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int) -> None:
        self.at = at
        self.calls = 0
        for name in ("open", "fsync", "rename", "unlink"):
            patch.setattr(os, name, self.counted(getattr(os, name)))

    def counted(self, real: Callable[..., object]) -> Callable[..., object]:
        """A call that counts."""

        def call(*args: object, **more: object) -> object:
            self.calls += 1
            if self.calls == self.at:
                raise KeyboardInterrupt
            return real(*args, **more)

        return call


def test_an_interrupted_backup_leaves_the_older_one_whole(
    store: MetadataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at any of its system calls, the next reader finds a whole backup; the next backup clears up."""
    top = os.path.dirname(store.path)
    kept(store, 1 * DAY, b"tags", b"config")
    for at in range(1, 60):
        with monkeypatch.context() as patch:
            Killed(patch, at)
            try:
                kept(MetadataStore(top), 2 * DAY, b"tags", b"newer", b"more")
                is_done = True
            except KeyboardInterrupt:
                is_done = False
        found = next(MetadataStore(top).newest()).generation
        assert found.taken in {1 * DAY, 2 * DAY}
        for one in found.files.values():
            unpack(Path(store.blobs, one.digest).read_bytes(), one.digest)
        if is_done:
            break
    assert is_done
    assert at > 8
    kept(MetadataStore(top), 3 * DAY, b"tags", b"newer")
    assert not [name for name in blobs(store) if name.startswith(".")]


def test_a_rotten_content_is_written_again(store: MetadataStore) -> None:
    """A truncated blob is rewritten."""
    kept(store, 1 * DAY, b"tags")
    blob = Path(store.blobs, next(iter(blobs(store))))
    blob.write_bytes(b"")
    kept(store, 2 * DAY, b"tags")
    assert unpack(blob.read_bytes(), blob.name) == b"tags"


def test_old_backups_go_and_the_newest_stays(store: MetadataStore) -> None:
    """The last two, then one a day, not more than wanted, none beyond its days; contents go with their last backup."""
    keep = KeepMetadata(days=5, generations=4)
    for number, when in enumerate((1.0, 1.2, 1.4, 2.1, 3.1, 3.2, 3.3)):
        kept(store, when * DAY, b"content %d" % number, keep=keep)
    assert [round(when / DAY, 1) for when in taken(store)] == [3.3, 3.2, 2.1, 1.4]
    assert len(blobs(store)) == 4
    for day in range(4, 12):
        kept(store, (day + 0.3) * DAY, b"later %d" % day, keep=KeepMetadata(days=2, generations=9))
    assert [round(when / DAY, 1) for when in taken(store)] == [11.3, 10.3, 9.3]
    assert len(blobs(store)) == 3


@pytest.mark.parametrize("wrong", [2_147_483_647.0, 5.0, 0.0, -1e15, 1e18])
def test_a_wrong_clock_prunes_nothing_and_changes_no_order(store: MetadataStore, wrong: float) -> None:
    """One backup under another clock and more under the right one: all stay, in the order in which they were taken."""
    right = [1_790_000_000.0 + day * DAY for day in range(7)]
    for when in (*right[:4], wrong, *right[4:6]):
        kept(store, when, b"%f" % when)
    assert taken(store) == [*reversed(right[4:6]), wrong, *reversed(right[:4])]
    assert [listed.generation.number for listed in store.newest()] == [7, 6, 5, 4, 3, 2, 1]
    look = store.last_look()
    assert look is not None
    # The step to the wrong clock, and the one back, count for nothing.
    assert look == (right[5], 4 * DAY)


def test_a_scan_under_a_wrong_clock_that_only_confirms_makes_nothing_older(store: MetadataStore) -> None:
    """2038 for one scan: the time before and after it is believed, the jump is not."""
    kept(store, 1_790_000_000.0, b"one")
    name = next(store.newest()).name
    for when in (2_147_483_647.0, 2_147_483_647.0 + DAY, 1_790_000_000.0 + 2 * DAY):
        store.confirm(name, when, IDENTITY)
    assert store.last_look() == (1_790_000_000.0 + 2 * DAY, DAY)


def test_a_backup_of_another_root_stays_until_it_is_too_old(store: MetadataStore) -> None:
    """A second data root does not push out the backup of the first."""
    other = RootIdentity(path="/srv/docker", engine_id="two", places={".": (3, 1)})
    kept(store, 1 * DAY, b"first")
    for number in range(3):
        kept(store, (2 + number) * DAY, b"other %d" % number, identity=other)
    assert 1 * DAY in taken(store)


def test_what_is_over_the_bound_is_left_out_from_the_end(store: MetadataStore) -> None:
    """The least replaceable come first; older backups make room before that."""
    keep = KeepMetadata(max_mib=1)
    noise = [os.urandom(600 << 10) for _ in range(3)]
    kept(store, 1 * DAY, noise[0], keep=keep)
    kept(store, 2 * DAY, noise[1], keep=keep)
    assert taken(store) == [2 * DAY]
    files = {str(number): entry(store.put(content)) for number, content in enumerate(noise)}
    left, out = within(files, store.sizes({one.digest for one in files.values()}), keep)
    assert out == 2
    assert [bool(one.digest) for one in left.values()] == [True, False, False]


def test_a_full_disk_is_not_filled(store: MetadataStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """With too little left the backup is not taken, and says so."""
    found = os.statvfs(store.path)
    full = os.statvfs_result((*found[:4], 10, *found[5:]))
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    with pytest.raises(DoctorError, match="not enough free space"):
        store.put(b"x")
