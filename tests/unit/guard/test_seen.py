"""The guard's record of its last check: valid only while no path that it read has changed."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from doctor.guard import seen
from doctor.guard.watched import WatchedHost
from doctor.host.folder import open_folder
from doctor.model.missing import HostError
from doctor.model.paths import HostPath


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small tree, older than the clock's resolution; doctor's own code counts as old."""
    monkeypatch.setenv("DOCTOR_CONFIG", str(tmp_path / "doctor.toml"))
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(seen, "_MARGIN_NS", -(10**11))
    root = tmp_path / "root"
    (root / "layer").mkdir(parents=True)
    (tmp_path / "state").mkdir()
    (root / "layer" / "cache-id").write_text("one")
    (root / "there").write_text("1234")
    (root / "link").symlink_to("there")
    boot = tmp_path / "boot"
    boot.write_text("first\n")
    monkeypatch.setattr(seen, "_BOOT", str(boot))
    return tmp_path


def look(place: Path) -> bool:
    """Read the tree as collectors do, and record the paths."""
    root = place / "root"
    started = time.time_ns()
    host = WatchedHost()
    assert host.read(HostPath(f"{root}/link")) == b"1234"
    assert host.listdir(HostPath(str(root)), follow=False) == ["layer", "link", "there"]
    host.held(HostPath(str(root)), ("there",))
    with pytest.raises(HostError):
        host.lstat(HostPath(f"{root}/gone"))
    with open_folder(host, HostPath(str(root))) as top, top.folder("layer") as folder:
        assert folder.read("cache-id", limit_bytes=10) == b"one"
    assert host.seen is not None
    earlier = seen.Earlier()
    return seen.remember(host.seen, host.followed, started, is_backed_up=False, earlier=earlier) is not None


def rewrite(path: Path, text: str) -> None:
    """Other bytes, the same size, inode and modification time."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def retarget(place: Path) -> None:
    """A link with another target."""
    (place / "root" / "link").unlink()
    (place / "root" / "link").symlink_to("layer/cache-id")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file's bytes": lambda place: rewrite(place / "root/there", "1235"),
    "a file beneath an open directory": lambda place: rewrite(place / "root/layer/cache-id", "two"),
    "a new name": lambda place: (place / "root/layer2-removing").mkdir(),
    "what was not there": lambda place: (place / "root/gone").touch(),
    "a mode": lambda place: (place / "root/there").chmod(0o600),
    "a file that is gone": lambda place: (place / "root/layer/cache-id").unlink(),
    "a link": retarget,
    "the settings": lambda place: (place / "doctor.toml").write_text('skip = ["state"]'),
    "another boot": lambda place: (place / "boot").write_text("second\n"),
    "a bit of what is remembered": lambda place: flip(place / "state/guard.seen"),
    "half of what is remembered": lambda place: halve(place / "state/guard.seen"),
    "others may write it": lambda place: (place / "state/guard.seen").chmod(0o666),
}


def flip(path: Path) -> None:
    """Alter one bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def halve(path: Path) -> None:
    """As a full disk leaves it."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_ends_the_belief(place: Path, name: str) -> None:
    """Each kind of change, including those that keep size and modification time."""
    assert look(place)
    assert seen.Earlier().is_settled
    time.sleep(0.02)
    CHANGES[name](place)
    assert not seen.Earlier().is_settled


def test_other_settings_are_another_question(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file named by DOCTOR_CONFIG may skip what another does not."""
    assert look(place)
    monkeypatch.setenv("DOCTOR_CONFIG", str(place / "other.toml"))
    assert not seen.Earlier().is_settled


def test_it_ends_after_a_day(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is it valid after the clock was set back."""
    assert look(place)
    now = time.time()
    for later, is_settled in ((60, True), (86500, False), (-3600, False)):
        monkeypatch.setattr(time, "time", lambda later=later: now + later)
        assert seen.Earlier().is_settled is is_settled


def test_what_changed_just_now_counts_as_changed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may change again within the same clock tick, or have changed between read and record."""
    root = place / "root"
    monkeypatch.setattr(seen, "_MARGIN_NS", 0)
    time.sleep(0.02)
    started = time.time_ns()
    time.sleep(0.02)
    (root / "there").write_text("1234")
    monkeypatch.setattr(time, "time_ns", lambda: started)
    assert look(place)
    earlier = seen.Earlier()
    assert not earlier.is_settled
    assert f"{root}/there" in earlier.changed
    assert not {f"{root}/layer", f"{root}/layer/cache-id", f"{root}/gone"} & {*earlier.changed}


def test_what_went_during_the_look_counts_as_changed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been read before: only an unchanged directory proves that it was missing all the time."""
    root = place / "root"
    monkeypatch.setattr(seen, "_MARGIN_NS", 0)
    (root / "deep").mkdir()
    (root / "deep/file").touch()
    (root / "other").mkdir()
    time.sleep(0.02)
    started = time.time_ns()
    time.sleep(0.02)
    (root / "deep/file").unlink()
    (root / "deep").rmdir()
    paths = [f"{root}/deep/file", f"{root}/other/file"]
    assert seen.remember(paths, (), started, is_backed_up=False, earlier=seen.Earlier()) is not None
    changed = seen.Earlier().changed
    assert paths[0] in changed
    assert paths[1] not in changed


def test_without_its_backup_nothing_is_remembered(place: Path) -> None:
    """Where another doctor held the lock, or the disk was full."""
    assert seen.remember((), (), time.time_ns(), is_backed_up=True, earlier=seen.Earlier()) is None
    assert not seen.Earlier().is_settled


def test_what_lies_on_the_way_does_not_count(place: Path) -> None:
    """A parent directory of a file may get other names; so may doctor's own."""
    assert look(place)
    (place / "beside").touch()
    (place / "state/run").mkdir()
    assert seen.Earlier().is_settled


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look at a data root")
def test_a_settled_look_loads_nothing(place: Path) -> None:
    """It runs before anything expensive: it imports no check, no fact, no library."""
    assert look(place)
    code = (
        "import os, sys\nfrom doctor.cli.commands import guard\nfrom doctor.guard import seen\n"
        f"seen._BOOT = {str(place / 'boot')!r}\n"
        "os._exit = lambda code: print(code, sorted(name for name in sys.modules if name.startswith(('msgspec', 'checks'))))\n"
        "guard._work()"
    )
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "0 []\n", done.stderr
