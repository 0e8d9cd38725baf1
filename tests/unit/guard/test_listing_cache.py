"""The listing cache: whatever has changed since, the next check sees the same as any other host."""

import os
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doctor.guard import listing_cache, seen
from doctor.guard.watched import WatchedHost
from doctor.host.folder import Folder, open_folder
from doctor.host.listings import Listings
from doctor.host.live import LiveHost
from doctor.model.missing import HostError
from doctor.model.paths import HostPath

NAMES = ("cache-id", "diff", "size")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three directories of small files, and one of links; recent writes count as old."""
    monkeypatch.setattr(seen, "_MARGIN_NS", -(10**11))
    (tmp_path / "state").mkdir()
    make(tmp_path / "root")
    return tmp_path


def make(root: Path) -> None:
    """The initial tree."""
    shutil.rmtree(root, ignore_errors=True)
    for layer in ("one", "two", "three"):
        (root / layer).mkdir(parents=True)
        for name in NAMES:
            (root / layer / name).write_text(f"{name} of {layer}")
    (root / "l").mkdir()
    (root / "l" / "AB").symlink_to("../one/diff")


def describe(host: LiveHost, top: Path) -> dict[str, object]:
    """Everything a collector can read of the tree; for unreadable entries the reason."""
    found: dict[str, object] = {}

    def ask(key: str, question: Callable[[], object]) -> None:
        try:
            found[key] = question()
        except HostError as error:
            found[key] = error.missing.why

    def walk(folder: Folder) -> None:
        entries = folder.entries()
        found[folder.path] = entries
        for name, kind in entries.items():
            if kind == "d":
                try:
                    below = folder.folder(name)
                except HostError as error:
                    found[folder.at(name)] = error.missing.why
                    continue
                with below:
                    walk(below)
                continue
            ask(f"{folder.at(name)} read", partial(folder.read, name, limit_bytes=5000))
            ask(f"{folder.at(name)} short", partial(folder.read, name, limit_bytes=9))
            ask(f"{folder.at(name)} size", partial(folder.file_size, name))
            ask(f"{folder.at(name)} link", partial(folder.readlink, name))

    with open_folder(host, HostPath(str(top))) as folder:
        walk(folder)
    return found


def look(place: Path) -> tuple[dict[str, object], WatchedHost]:
    """Check as the guard does, and keep the paths and listings."""
    state = str(place / "state")
    started = int(time.time()) * 10**9
    earlier = seen.Earlier(state)
    known, read = listing_cache.load(state, earlier.checksum, earlier.changed)
    host = WatchedHost(known)
    found = describe(host, place / "root")
    checksum = seen.remember(host.seen or (), host.followed, started, is_backed_up=False, earlier=earlier)
    assert checksum is not None
    listing_cache.keep(state, checksum, known, read)
    host.close()
    return found, host


def plain(place: Path) -> dict[str, object]:
    """The same, read by a host without a cache."""
    host = LiveHost()
    try:
        return describe(host, place / "root")
    finally:
        host.close()


def rewrite(path: Path) -> None:
    """Other bytes of the same size, with the old modification time."""
    if not path.is_file():
        return
    before = path.stat()
    path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def swap(one: Path, other: Path) -> None:
    """Two directories change places: each path now stands for another inode."""
    if one.is_dir() and other.is_dir():
        away = one.with_name("away")
        one.rename(away)
        other.rename(one)
        away.rename(other)


def relink(path: Path) -> None:
    """A link with another target."""
    path.unlink(missing_ok=True)
    path.symlink_to("../two/size")


def to_link(path: Path) -> None:
    """A directory is moved and replaced by a link to it."""
    moved = path.parent.parent / f"moved-{path.name}"
    if path.is_dir() and not path.is_symlink() and not moved.exists():
        path.rename(moved)
        path.symlink_to(f"../moved-{path.name}")


def grow(path: Path) -> None:
    """A file above the size limit of the cache."""
    if path.parent.is_dir():
        path.write_bytes(b"x" * 5000)


def to_directory(path: Path) -> None:
    """A directory in place of a file."""
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        path.mkdir(exist_ok=True)


CHANGES: dict[str, Callable[[Path], object]] = {
    "bytes": lambda root: rewrite(root / "one/diff"),
    "bytes of another": lambda root: rewrite(root / "two/size"),
    "a new name": lambda root: (root / "two").is_dir() and (root / "two/new").write_text("new"),
    "a name gone": lambda root: (root / "one/cache-id").unlink(missing_ok=True),
    "a directory gone": lambda root: shutil.rmtree(root / "three", ignore_errors=True),
    "two directories swapped": lambda root: swap(root / "one", root / "two"),
    "a link": lambda root: relink(root / "l/AB"),
    "a link for a directory": lambda root: to_link(root / "two"),
    "a directory for a file": lambda root: None if (root / "one/size").is_dir() else to_directory(root / "one/size"),
    "a long file": lambda root: grow(root / "three/diff"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen(place: Path, name: str) -> None:
    """Each kind of change, after a full check and after one that read only changed paths."""
    assert look(place)[0] == plain(place)
    time.sleep(0.02)
    CHANGES["bytes of another"](place / "root")
    assert look(place)[0] == plain(place)
    time.sleep(0.02)
    before = plain(place)
    CHANGES[name](place / "root")
    assert plain(place) != before
    assert look(place)[0] == plain(place)


@given(st.lists(st.lists(st.sampled_from(sorted(CHANGES)), max_size=3), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changes_are_seen(place: Path, changes: list[list[str]]) -> None:
    """Whatever changes between checks, each one sees the current state."""
    for path in place.glob("moved-*"):
        shutil.rmtree(path)
    make(place / "root")
    for some in changes:
        assert look(place)[0] == plain(place)
        time.sleep(0.02)
        for name in some:
            CHANGES[name](place / "root")
    assert look(place)[0] == plain(place)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names opened in an open directory."""
    names: list[str] = []
    before = os.open

    def note(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if dir_fd is not None:
            names.append(path)
        return before(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", note)
    return names


def test_what_is_unchanged_is_not_read_again(place: Path, opened: list[str]) -> None:
    """Unchanged paths beneath the directory are not opened, changed ones are."""
    _, host = look(place)
    assert "diff" in opened
    opened.clear()
    _, again = look(place)
    assert opened == []
    assert {*(again.seen or ())} == {*(host.seen or ())}
    time.sleep(0.02)
    rewrite(place / "root/one/diff")
    state = str(place / "state")
    earlier = seen.Earlier(state)
    assert earlier.changed == [f"{place}/root/one/diff"]
    known, _ = listing_cache.load(state, earlier.checksum, earlier.changed)
    assert sorted(known.known[f"{place}/root/one"].files) == ["cache-id", "size"]


SPOILT: dict[str, Callable[[Path], object]] = {
    "nothing in it": lambda path: path.write_bytes(b""),
    "half of it": lambda path: path.write_bytes(path.read_bytes()[:90]),
    "a bit": lambda path: path.write_bytes(path.read_bytes()[:-30] + b"!" + path.read_bytes()[-29:]),
    "others may write it": lambda path: path.chmod(0o606),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("name", SPOILT)
def test_what_is_spoilt_is_not_believed(place: Path, name: str) -> None:
    """Everything is read again."""
    look(place)
    SPOILT[name](place / "state/guard.listings")
    earlier = seen.Earlier(str(place / "state"))
    assert listing_cache.load(earlier.state, earlier.checksum, earlier.changed)[0].known == {}
    assert look(place)[0] == plain(place)


def test_it_belongs_to_one_look(place: Path) -> None:
    """Listings of another check are not used."""
    look(place)
    earlier = seen.Earlier(str(place / "state"))
    assert listing_cache.load(earlier.state, earlier.checksum, ())[0].known
    assert not listing_cache.load(earlier.state, earlier.checksum + 1, ())[0].known
    assert not listing_cache.load(earlier.state, -1, ())[0].known


def test_after_a_day_all_is_read_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted from the first read, not from the last check that reused it."""
    look(place)
    state = str(place / "state")
    first = listing_cache.load(state, seen.Earlier(state).checksum, ())[1]
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 80000)
    look(place)
    known, read = listing_cache.load(state, seen.Earlier(state).checksum, ())
    assert known.known
    assert read == first
    monkeypatch.setattr(time, "time", lambda: now + 87000)
    earlier = seen.Earlier(state)
    assert earlier.is_settled
    known, read = listing_cache.load(state, earlier.checksum, ())
    assert (known.known, read) == ({}, int(now + 87000))


def test_failing_to_keep_it_is_no_failure(place: Path) -> None:
    """As on a full disk."""
    listing_cache.keep(str(place / "nowhere"), 1, Listings(), 1)
