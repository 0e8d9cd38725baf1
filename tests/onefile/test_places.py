"""The file works wherever it is copied to: with a kernel, and nothing else."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.onefile import kit

VERSION = "doctor 0.1.0\n"
need_root = pytest.mark.skipif(os.geteuid() != 0, reason="chroot and mount need root")
NO_PROC = ["unshare", "--mount", "--pid", "--fork"]


@pytest.fixture
def alone(file: Path, tmp_path: Path) -> Path:
    """Return a root that holds the file, and a host's empty /etc, and nothing else."""
    place = tmp_path / "root"
    (place / "etc").mkdir(parents=True)
    shutil.copy(file, place / "doctor")
    return place


@need_root
def test_a_root_without_anything_else(alone: Path) -> None:
    """No /proc, no /tmp, no HOME, no PATH, no C library."""
    assert kit.run("chroot", alone, "/doctor", "--version").stdout == VERSION
    done = kit.run("env", "-i", "/usr/sbin/chroot", alone, "/doctor", "scan", "--root", "/", "--format", "json")
    assert done.returncode in {0, 1, 3}, done.stderr
    assert '"schema_version"' in done.stdout
    assert "Traceback" not in done.stderr
    assert kit.run("chroot", alone, "/doctor", "list").returncode == 0
    assert kit.run("chroot", alone, "/doctor", "explain", "network/ip-forward-off").returncode == 0


@need_root
@pytest.mark.parametrize("options", ["ro", "ro,noatime"])
def test_a_root_that_can_not_be_written(alone: Path, options: str) -> None:
    """Nothing is unpacked; a scan says that it could not keep its history, and scans."""
    script = 'mount --bind "$1" "$1" && mount -o remount,bind,"$2" "$1" && exec chroot "$1" /doctor scan --root /'
    done = kit.run("unshare", "--mount", "sh", "-c", f"({script}); echo code=$?", "sh", alone, options)
    assert "code=1" in done.stdout or "code=3" in done.stdout, done.stderr
    assert "problems found" in done.stdout or "incomplete" in done.stdout, done.stdout
    assert "Traceback" not in done.stderr


@need_root
def test_a_user_without_a_name_or_home(alone: Path) -> None:
    """As uid 65534, in a root without a passwd file."""
    done = kit.run("chroot", "--userspec=65534:65534", alone, "/doctor", "scan", "--root", "/")
    assert done.returncode in {1, 3}, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "env", [{}, {"TERM": "dumb"}, {"LANG": "xx_YY", "LC_ALL": "C", "PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere"}]
)
def test_any_environment(file: Path, root: Path, env: dict[str, str]) -> None:
    """Without TERM, PATH and HOME; variables of a Python on the host mean nothing."""
    done = kit.run(file, "scan", "--root", root, env=env)
    assert done.returncode == 0, done.stderr
    assert "no problem found" in done.stdout


@pytest.mark.parametrize(
    "name", ["doctor", "doctor-x86_64", "a name  with spaces", "ünï", "-dash", "doc'tor\"$(x)", "x.zip"]
)
def test_any_name(file: Path, root: Path, tmp_path: Path, name: str) -> None:
    """Its own commands are spelled with the name that it has, so that they can be pasted."""
    copy = tmp_path / "folder of mine" / name
    copy.parent.mkdir()
    shutil.copy(file, copy)
    assert kit.run(copy, "--version").stdout == VERSION
    assert kit.run(f"./{name}", "--version", cwd=copy.parent).stdout == VERSION
    done = kit.run(copy, "scan", "--root", root / "no")
    assert done.returncode == 2
    assert kit.run(copy, "scan", "--root", root).returncode == 0


def test_a_name_that_is_no_text(file: Path, tmp_path: Path) -> None:
    copy = os.fsencode(tmp_path) + b"/doc\xfftor"
    shutil.copy(file, os.fsdecode(copy))
    assert subprocess.run([copy, "--version"], capture_output=True, check=False).stdout.decode() == VERSION


def test_links_and_search_path(file: Path, root: Path, tmp_path: Path) -> None:
    """Symbolic and hard links, PATH, and a link called ``doctor-runtime``, which is the runtime."""
    (tmp_path / "doctor").symlink_to(file)
    (tmp_path / "doctor-runtime").symlink_to("doctor")
    shutil.copy(file, tmp_path / "copy")
    os.link(tmp_path / "copy", tmp_path / "hard")
    for name in ("doctor", "hard"):
        assert kit.run(tmp_path / name, "scan", "--root", root).returncode == 0
    assert kit.run("sh", "-c", "cd /; doctor --version", env={"PATH": f"{tmp_path}:/usr/bin:/bin"}).stdout == VERSION
    assert "doctor-runtime" in kit.run(tmp_path / "doctor-runtime", "--help").stdout


def test_removed_and_replaced_while_it_runs(file: Path, root: Path, tmp_path: Path) -> None:
    """The running program reads the file that was started, even if it has no name any more."""
    copy = tmp_path / "doctor"
    shutil.copy(file, copy)
    with subprocess.Popen(
        [copy, "scan", "--root", root], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        maps = Path(f"/proc/{running.pid}/maps")
        while not any("r--s 00000000" in line and str(copy) in line for line in maps.read_text().splitlines()):
            time.sleep(0.001)  # until it reads its own file
        running.send_signal(signal.SIGSTOP)
        copy.unlink()
        shutil.copy("/bin/true", copy)
        running.send_signal(signal.SIGCONT)
        said, errors = running.communicate(timeout=60)
    assert running.returncode == 0, errors
    assert "no problem found" in said


def test_started_by_a_descriptor_without_a_name(file: Path) -> None:
    """As a program does that verified the file before it starts it (fexecve)."""
    handle = os.memfd_create("doctor", 0)
    os.write(handle, file.read_bytes())
    done = subprocess.run(
        [f"/proc/self/fd/{handle}", "--version"], pass_fds=(handle,), capture_output=True, check=False
    )
    assert done.stdout.decode() == VERSION


def sizes(file: Path) -> list[int]:
    whole = file.stat().st_size
    return [whole - 1, whole * 9 // 10, whole // 2]


@pytest.mark.parametrize("part", range(3))
def test_a_copy_that_broke_off_says_so(file: Path, tmp_path: Path, part: int) -> None:
    copy = tmp_path / "doctor"
    copy.write_bytes(file.read_bytes()[: sizes(file)[part]])
    copy.chmod(0o755)
    for words in (["--version"], ["scan"], ["guard"]):
        done = kit.run(copy, *words)
        assert done.returncode == 3
        assert done.stdout == ""
        assert "doctor: its own file is truncated" in done.stderr
        assert "copy it again and compare its SHA-256" in done.stderr


def test_a_file_with_more_at_its_end(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "doctor"
    copy.write_bytes(file.read_bytes() + b"\n")
    copy.chmod(0o755)
    done = kit.run(copy, "--version")
    assert (done.returncode, done.stdout) == (3, "")
    assert "its own file is corrupt" in done.stderr


@pytest.mark.parametrize("where", ["zip", "index", "module"])
def test_altered_bytes_are_named(file: Path, tmp_path: Path, where: str) -> None:
    """A piece that can't be read is the file's fault, and is not called a defect of doctor."""
    whole = bytearray(file.read_bytes())
    end = len(whole)
    place = {"zip": end - 6000, "index": end - 40_000, "module": whole.index(b"doctor/cli/commands/scan.py")}[where]
    length = {"zip": 2000, "index": 20_000, "module": 4}[where]
    whole[place - length : place] = bytes(length)
    copy = tmp_path / "doctor"
    copy.write_bytes(whole)
    copy.chmod(0o755)
    done = kit.run(copy, "scan", "--root", tmp_path)
    assert done.returncode != 0
    assert "corrupt" in done.stderr, done.stderr
    assert "copy it again and compare its SHA-256" in done.stderr


def test_a_place_that_may_not_execute(file: Path, tmp_path: Path) -> None:
    """The shell's message is all there is: the README says where to copy the file."""
    if os.geteuid() != 0:
        pytest.skip("mount needs root")
    script = 'mount -t tmpfs -o noexec none "$1" && cp "$2" "$1/doctor" && "$1/doctor" --version; echo $?'
    done = kit.run("unshare", "--mount", "sh", "-c", script, "sh", tmp_path, file)
    assert done.stdout.strip() == "126"


def test_closed_standard_streams(file: Path, root: Path) -> None:
    """As from a cron of its own kind, or a broken remote shell."""
    done = kit.run("sh", "-c", '"$0" scan --root "$1" <&- >&- 2>&-', file, root)
    assert done.returncode in {0, 3}
    started = time.monotonic()
    assert kit.run("sh", "-c", '"$0" list | head -1', file).returncode == 0
    assert time.monotonic() - started < 30
