"""Directories that a container stands on: tampered layers, scratch directories, memory, terminals, and leftovers."""

import ctypes
import os
import pty
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.runtime import runtime_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.skipif(bool(kit.why_not()), reason=kit.why_not() or "-")]

RENAME_EXCHANGE = 2


# --- one way to name layers ---


@pytest.mark.parametrize("target", ["/", "outside", "good", "../good"])
@pytest.mark.parametrize("place", ["whole", "middle", "end"])
def test_a_link_in_the_name_of_a_layer_is_refused(tmp_path: Path, outside: Path, place: str, target: str) -> None:
    """In a store of overlay2's form and of containerd's; with and without the root of layers; wherever the link leads."""
    goal = {"outside": str(outside), "good": str(tmp_path / "overlay2" / "good" / "diff")}.get(target, target)
    for store, leaf in ((tmp_path / "overlay2", "diff"), (tmp_path / "snapshots", "fs")):
        (store / "good" / leaf).mkdir(parents=True)
        (store / "good" / "diff").mkdir(exist_ok=True)
        link = {"whole": "x", "middle": "evil", "end": f"bad/{leaf}"}[place]
        name = {"whole": "x", "middle": f"evil/{leaf}", "end": f"bad/{leaf}"}[place]
        (store / link).parent.mkdir(exist_ok=True)
        (store / link).symlink_to(goal)
        good = f"good/{leaf}"
        work = {"builtin": "read-file", "args": {"path": "/secret"}}
        results = kit.batch(
            {"id": "beneath", **work, "layers_root": str(store), "layers": [name, good]},
            {"id": "plain", **work, "layers": [f"{store}/{name}", f"{store}/{good}"]},
            {"id": "upper", **work, "layers_root": str(store), "layers": [good], "upper": name, "work": "good"},
            {"id": "work", **work, "layers_root": str(store), "layers": [good], "upper": "good", "work": name},
            {"id": "root", **work, "layers_root": str(store), "rootfs": name},
        )
        for one, result in results.items():
            assert result["exit"] == 125, (one, result)
            assert f"can't open '{store}/{name}'" in result["error"] or f"can't open '{name}'" in result["error"]


@pytest.mark.parametrize("name", ["/", "../outside", "good/../../outside", "/etc", ""])
def test_a_layer_s_name_that_leaves_its_root_is_refused(tmp_path: Path, outside: Path, name: str) -> None:
    (tmp_path / "overlay2" / "good").mkdir(parents=True)
    spec = {"layers_root": str(tmp_path / "overlay2"), "layers": ["good", name], "builtin": "inspect"}
    done = subprocess.run(
        [*kit.PROGRAM, "batch"],
        input=kit.json.dumps({"containers": [spec]}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "layers" in done.stderr


def test_a_layer_exchanged_while_containers_start(tmp_path: Path, outside: Path) -> None:
    """Somebody swaps the directory of a layer with a link to the host's, all the time."""
    store = tmp_path / "overlay2"
    (store / "a" / "diff").mkdir(parents=True)
    (store / "b" / "diff").mkdir(parents=True)
    (store / "evil").symlink_to(outside)
    spec = {
        "layers_root": str(store),
        "layers": ["a/diff", "b/diff"],
        "builtin": "read-file",
        "args": {"path": "/secret"},
    }
    with swapping(store / "a" / "diff", store / "evil"):
        results = kit.batch(*({"id": f"c{n}", **spec} for n in range(40)), parallel=2)
    assert len(results) == 40
    assert not any("of the host" in result["stdout"] for result in results.values())


# --- the caller's terminal and files ---


def test_a_container_gets_no_descriptor_of_its_caller(root: Path, tmp_path: Path) -> None:
    """Not of a terminal, and not of a file, which it could truncate or read."""
    log = tmp_path / "log"
    log.write_text("written before\n")
    script = "for n in 0 1 2; do readlink /proc/self/fd/$n >&2; done; cat </proc/self/fd/1; echo x >/proc/self/fd/1"
    with log.open("a+") as target:
        done = subprocess.run(
            [*kit.PROGRAM, "run", str(root), "--", "sh", "-c", f"({script}) & sleep 0.3; kill $! 2>/dev/null"],
            stdout=target,
            stderr=subprocess.PIPE,
            text=True,
            timeout=20,
            check=False,
        )
    assert log.read_text().startswith("written before\n")
    assert [line.partition(":")[0] for line in done.stderr.splitlines()[:3]] == ["/dev/null", "pipe", "pipe"]


@pytest.mark.parametrize("options", [[], ["-i"], ["-t"]])
def test_what_is_typed_stays_with_the_caller(root: Path, options: list[str]) -> None:
    """A program can't read a terminal that it was not given as input, nor switch its echo off, nor type into it."""
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    script = (
        "for n in 0 1 2; do busybox stty -echo </proc/self/fd/$n; done; "
        "(busybox timeout 1 cat </proc/self/fd/1; busybox timeout 1 cat </dev/tty) >/stolen 2>/dev/null; sleep 0.2"
    )
    running = subprocess.Popen(
        [*kit.PROGRAM, "run", *options, str(root), "--", "sh", "-c", script], stdin=slave, stdout=slave, stderr=slave
    )
    os.write(master, b"the password\n")
    running.wait(20)
    assert termios.tcgetattr(slave) == before
    assert "password" not in (root / "stolen").read_text()
    os.close(slave)
    os.close(master)


def test_input_output_and_their_ends_are_passed_on(root: Path) -> None:
    data = os.urandom(3 << 20)
    done = subprocess.run(
        [*kit.PROGRAM, "run", "-i", str(root), "--", "cat"], input=data, capture_output=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout == data, done.stderr) == (0, True, b"")
    head = f"{' '.join(kit.PROGRAM)} run {root} -- sh -c 'while echo y; do :; done; exit 9' 2>/dev/null | head -n 1"
    assert subprocess.run(["sh", "-c", head], capture_output=True, text=True, timeout=20, check=True).stdout == "y\n"


def test_a_time_limit_holds_while_nobody_reads_the_output(root: Path) -> None:
    read, write = os.pipe()
    script = "while :; do echo yyyyyyyyyyyyyyyy; done"
    argv = [*kit.PROGRAM, "run", "--timeout", "2", str(root), "--", "sh", "-c", script]
    running = subprocess.Popen(argv, stdout=write, stderr=subprocess.DEVNULL)
    os.close(write)
    end = time.monotonic() + 30
    while states(running.pid) != ["Z"]:  # killed, and nobody has been able to say so yet
        assert time.monotonic() < end, states(running.pid)
        time.sleep(0.05)
    os.close(read)
    assert running.wait(30) == 137


def states(parent: int) -> list[str]:
    """The states of a process's children."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in children]


@pytest.mark.parametrize("form", ["script", "nested"])
def test_a_command_that_is_its_own_interpreter_ends(root: Path, form: str) -> None:
    """`#!/proc/self/exe` led the entry program back to itself for ever."""
    (root / "evil").write_text("#!/proc/self/exe\n" if form == "script" else "#!/other\n")
    (root / "other").write_text("#!/proc/self/exe\n")
    for name in ("evil", "other"):
        (root / name).chmod(0o755)
    done = kit.run("--timeout", "10", root, "--", "/evil")
    assert done.returncode == 126
    assert "/proc/self/exe: refused" in done.stderr


# --- memory ---


@pytest.mark.parametrize("where", ["/", "/t", "/dev/shm"])
def test_what_a_container_writes_to_memory_has_a_limit(root: Path, where: str) -> None:
    options = ["--root-size", "8m", "--shm", "8m", "--tmpfs", "/t", "--layers", root]
    fill = (
        f"dd if=/dev/zero of={where}/fill bs=65536 count=2000 2>&1; i=0; while echo >{where}/f$i; do i=$((i+1)); done"
    )
    done = kit.run("--timeout", "20", *options, "--", "sh", "-c", fill)
    assert "No space left" in done.stdout + done.stderr
    seen = kit.run(*options, "--", "busybox", "df", where).stdout.splitlines()[-1].split()
    assert int(seen[1]) <= 8192
    free = kit.run("--layers", root, "--tmpfs", "/t", "--", "busybox", "df", where).stdout.splitlines()[-1].split()
    assert int(free[1]) <= 1 << 20, "the default is a gigabyte at most"


# --- the environment ---


def test_the_environment_comes_by_a_descriptor(root: Path) -> None:
    read, write = os.pipe()
    os.write(write, b"SECRET=hush hush\0EMPTY=\0A=1\0")
    os.close(write)
    script = 'echo "$SECRET|$EMPTY|$A"'
    done = kit.run("--env-fd", read, "-e", "A=2", root, "--", "sh", "-c", script, pass_fds=[read])
    os.close(read)
    assert done.stdout == "hush hush||2\n"
    assert kit.run("--env-fd", 77, root, "--", "true").returncode == 2


# --- leftovers ---


@contextmanager
def swapping(first: Path, second: Path) -> Iterator[None]:
    """Exchange two names as fast as possible."""
    libc = ctypes.CDLL(None, use_errno=True)
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            libc.renameat2(-100, bytes(first), -100, bytes(second), RENAME_EXCHANGE)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


REMOVE = """
import os, sys; sys.path.append(sys.argv[1])
from doctor.runtime.cleanup import removal
parent = os.open(sys.argv[2], os.O_RDONLY)
tree = os.open("tree", os.O_RDONLY, dir_fd=parent)
removal.remove(parent, "tree", tree)
"""


def remove(base: Path, prefix: tuple[str, ...] = ()) -> None:
    argv = [*prefix, sys.executable, "-c", REMOVE, str(kit.RUNTIME.parents[2]), str(base)]
    subprocess.run(argv, check=True, timeout=60)


def test_leftovers_are_removed_without_following_a_link_or_crossing_a_mount(tmp_path: Path, outside: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "upper" / "mounted").mkdir(parents=True)
    (tree / "upper" / "link").symlink_to(outside)
    (tree / "upper" / "file").write_text("x")
    os.mkfifo(tree / "fifo")
    script = 'mount --make-rprivate / && mount --bind "$0" "$1" && shift && exec "$@"'
    prefix = ("unshare", "--mount", "sh", "-c", script, str(outside), str(tree / "upper" / "mounted"))
    remove(tmp_path, prefix)
    assert [path.name for path in (tree / "upper").iterdir()] == ["mounted"]
    remove(tmp_path)
    assert not tree.exists()
    assert (outside / "secret").read_text() == "of the host"


def test_a_mount_that_comes_in_between_is_not_entered(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "mounted").mkdir()
    code = (
        "import errno, os, sys; sys.path.append(sys.argv[1])\n"
        "from doctor.runtime.cleanup import removal\n"
        "try: removal._open(os.open(sys.argv[2], os.O_RDONLY), 'mounted')\n"
        "except OSError as error: print(errno.errorcode[error.errno])"
    )
    script = 'mount --make-rprivate / && mount --bind "$0" "$1" && shift && exec "$@"'
    mounted = ["unshare", "--mount", "sh", "-c", script, str(outside), str(tmp_path / "mounted")]
    argv = [*mounted, sys.executable, "-c", code, str(kit.RUNTIME.parents[2]), str(tmp_path)]
    assert subprocess.run(argv, capture_output=True, text=True, check=True, timeout=20).stdout == "EXDEV\n"


def test_leftovers_of_any_depth_and_width_are_removed(tmp_path: Path) -> None:
    """Deeper than a path can be written, or than Python calls itself, with few descriptors."""
    (tmp_path / "tree").mkdir()
    here = os.open(tmp_path / "tree", os.O_RDONLY)
    for number in range(3000):
        os.mkdir("d", dir_fd=here)
        os.close(os.open(f"f{number}", os.O_CREAT, dir_fd=here))
        there = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = there
    os.close(here)
    remove(tmp_path, ("prlimit", "--nofile=64:64"))
    assert not (tmp_path / "tree").exists()


def test_leftovers_that_are_exchanged_meanwhile_cost_the_host_nothing(tmp_path: Path, outside: Path) -> None:
    """A container that is being killed swaps a directory with a link to a directory of the host."""
    for _ in range(20):
        tree = tmp_path / "tree"
        for name in ("a", "b"):
            (tree / name).mkdir(parents=True)
            for number in range(200):
                (tree / name / f"secret{number}").touch()
        (tree / "link").symlink_to(outside)
        with swapping(tree / "a", tree / "link"):
            remove(tmp_path)
        subprocess.run(["rm", "-rf", str(tree)], check=True)
    assert (outside / "secret").read_text() == "of the host"


def test_another_directory_under_the_same_name_is_left_alone(tmp_path: Path) -> None:
    """Somebody puts a directory of his in the place of the one that is to go."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "ours").touch()
    code = REMOVE.replace(
        "removal.remove",
        "os.rename(sys.argv[2] + '/tree', sys.argv[2] + '/moved'); os.mkdir(sys.argv[2] + '/tree'); removal.remove",
    )
    argv = [sys.executable, "-c", code, str(kit.RUNTIME.parents[2]), str(tmp_path)]
    subprocess.run(argv, check=True, timeout=60)
    assert (tmp_path / "tree").exists(), "an empty one, even"
    assert not any((tmp_path / "moved").iterdir())
