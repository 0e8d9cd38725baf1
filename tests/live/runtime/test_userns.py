"""A container in a user namespace: root inside, an ordinary user to the host."""

import fcntl
import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.live.runtime import runtime_kit as kit

FIRST, COUNT = 100000, 65536
RANGE = f"{FIRST}:{COUNT}"
NS_GET_USERNS = 0xB701


def why_not() -> str:
    """Why there are no such containers here, "" if there are."""
    if kit.why_not():
        return kit.why_not()
    tried = subprocess.run(["unshare", "--user", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "may not make user namespaces here"


pytestmark = [pytest.mark.live, pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A directory of the host with a file that only root may read."""
    path = tmp_path / "secret"
    path.mkdir()
    (path / "key").write_text("of the host")
    (path / "key").chmod(0o600)
    return path


@contextmanager
def sleeping(*options: object) -> Iterator[int]:
    """A container that runs; the host's process id of its init."""
    argv = [*kit.PROGRAM, "run", "--name", "sleeping", *map(str, options), "--", "sleep", "60"]
    with subprocess.Popen(argv) as process:
        try:
            end = time.monotonic() + 30
            while not (found := _sleeper(process.pid)):
                assert time.monotonic() < end
                assert process.poll() is None
                time.sleep(0.02)
            yield found
        finally:
            process.kill()


def _sleeper(runtime: int) -> int | None:
    children = Path(f"/proc/{runtime}/task/{runtime}/children").read_text().split()
    for pid in map(int, children):
        # The process of a step of the start may have ended meanwhile.
        with suppress(ProcessLookupError, FileNotFoundError):
            if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"sleep\0"):
                return pid
    return None


def upper_of(tmp_path: Path, root: Path) -> dict[str, Any]:
    for name in ("upper", "work"):
        (tmp_path / name).mkdir()
    return {"layers": [str(root)], "upper": str(tmp_path / "upper"), "work": str(tmp_path / "work")}


def test_root_inside_is_another_user_of_the_host(root: Path) -> None:
    with sleeping("--userns", RANGE, root) as pid:
        status = dict(
            line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
        )
        for name in ("uid_map", "gid_map"):
            assert Path(f"/proc/{pid}/{name}").read_text().split() == ["0", str(FIRST), str(COUNT)]
        assert set(status["Uid"].split()) == set(status["Gid"].split()) == {str(FIRST)}
        assert status["Groups"].strip() == ""
        assert Path(f"/proc/{pid}/setgroups").read_text() == "allow\n"
    seen = kit.answer(kit.batch({"id": "a", "builtin": "inspect", "userns": RANGE})["a"])
    assert seen["status"]["Uid"].split() == ["0"] * 4
    assert seen["pid"] == 1
    assert seen["interfaces"] == ["lo"]
    assert seen["importers"] == 0
    assert seen["descriptors"] == [0, 1, 2, 3]


def test_the_user_namespace_owns_all_the_others(root: Path) -> None:
    with sleeping("--userns", RANGE, root) as pid:
        own = Path(f"/proc/{pid}/ns/user").stat().st_ino
        assert own != Path("/proc/self/ns/user").stat().st_ino
        for kind in ("mnt", "pid", "uts", "ipc", "net", "cgroup"):
            with Path(f"/proc/{pid}/ns/{kind}").open() as namespace:
                owner = fcntl.ioctl(namespace.fileno(), NS_GET_USERNS)
            assert os.fstat(owner).st_ino == own, kind
            os.close(owner)


def test_what_is_written_belongs_to_the_range_on_disk(root: Path, tmp_path: Path) -> None:
    """Also what an image's file becomes when it is changed, with an owner other than root."""
    os.chown(root / "etc" / "group", 7, 8)
    script = (
        "echo x > /etc/new; echo y >> /etc/group; echo z > /top; stat -c %u:%g /etc/new /etc/group /etc/passwd /top"
    )
    spec = upper_of(tmp_path, root)
    result = kit.batch({"id": "a", **spec, "userns": RANGE, "command": ["sh", "-c", script]})["a"]
    assert result["stdout"].split() == ["0:0", "7:8", "0:0", "0:0"], result
    owners = {name: (tmp_path / "upper" / "etc" / name).stat() for name in ("new", "group")}
    assert (tmp_path / "upper" / "top").stat().st_uid == FIRST
    assert (owners["new"].st_uid, owners["new"].st_gid) == (FIRST, FIRST)
    assert (owners["group"].st_uid, owners["group"].st_gid) == (FIRST + 7, FIRST + 8)
    assert (root / "etc" / "group").stat().st_uid == 7
    assert (root / "etc" / "passwd").stat().st_uid == 0


def test_an_image_s_files_are_root_s_inside(root: Path, tmp_path: Path) -> None:
    """A file that only root may read, an opaque directory, a removed file: all as without a user namespace."""
    top = tmp_path / "top"
    (top / "etc").mkdir(parents=True)
    os.setxattr(top / "etc", "trusted.overlay.opaque", b"y")
    (top / "etc" / "shadow").write_text("hidden")
    (top / "etc" / "shadow").chmod(0o600)
    (top / "bin").mkdir()
    os.mknod(top / "bin" / "kill", stat.S_IFCHR, os.makedev(0, 0))
    command = ["sh", "-c", "cat /etc/shadow; ls /etc; test -e /bin/kill || echo gone"]
    spec = {"layers": [str(top), str(root)], "command": command}
    results = kit.batch({"id": "with", **spec, "userns": RANGE}, {"id": "without", **spec})
    for result in results.values():
        assert result["stdout"] == "hiddenshadow\ngone\n", result


def test_capabilities_end_at_the_host_s_files(root: Path, secret: Path) -> None:
    """Root inside with all default capabilities: a file of the host's root stays shut, and stays root's."""
    script = "cat /v/key; chown 0 /v/key; echo x > /v/new; grep CapEff /proc/self/status; stat -c %u /v/key"
    options = ("-v", f"{secret}:/v", root, "--", "sh", "-c", script)
    control = kit.run(*options)
    assert control.stdout.startswith("of the host"), "root can't read it either: the test would prove nothing"
    (secret / "new").unlink()
    done = kit.run("--userns", RANGE, *options)
    assert "of the host" not in done.stdout
    assert done.stdout.split() == ["CapEff:", "00000000a80425fb", "65534"]
    assert done.stderr.count("ermission denied") + done.stderr.count("not permitted") == 3, done.stderr
    assert not (secret / "new").exists()


def test_a_read_only_volume_stays_so_whatever_is_granted(root: Path, secret: Path) -> None:
    """With CAP_SYS_ADMIN and no filter a container may mount, but not undo what the host has mounted."""
    options = ("--cap-add", "SYS_ADMIN", "--no-seccomp", "-v", f"{secret}:/v:ro", root, "--", "sh", "-c")
    script = "mount -t tmpfs x /tmp && mount -o remount,bind,rw /v && echo undone"
    assert "undone" in kit.run(*options, script).stdout
    done = kit.run("--userns", RANGE, *options, script)
    assert "undone" not in done.stdout
    assert "ermission denied" in done.stderr


def test_device_nodes_of_an_image_do_not_work(root: Path) -> None:
    os.mknod(root / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    script = "dd if=/zero of=/dev/null bs=1 count=1; mknod /tmp/made c 1 5; head -c 3 /dev/zero | wc -c; : > /dev/null"
    done = kit.run("--userns", RANGE, root, "--", "busybox", "sh", "-c", script)
    assert "/zero" in done.stderr
    assert "/tmp/made" in done.stderr
    assert done.stdout == "3\n"


SERVER: dict[str, Any] = {
    "id": "server",
    "userns": RANGE,
    "background": True,
    "ready": "ready",
    "builtin": "listen",
    "args": {"port": 80},
    "net": "bridge",
    "bridge": {"name": "dru0", "address": "10.98.0.2/24", "gateway": "10.98.0.1", "create": True},
}


def test_networks_carry_traffic() -> None:
    """A privileged port on a bridge, reached from other networks, one of them the server's own."""
    ask = {"userns": RANGE, "builtin": "http-get", "args": {"host": "10.98.0.2", "port": 80, "timeout_s": 3}}
    results = kit.batch(
        SERVER,
        {**ask, "id": "bridge", "net": "bridge", "bridge": {"name": "dru0", "address": "10.98.0.3/24"}},
        {**ask, "id": "joined", "net": "container:server"},
        {**ask, "id": "host", "net": "host"},
        {**ask, "id": "none"},
        prefix=("unshare", "--net", "--mount"),
    )
    for name in ("bridge", "joined", "host"):
        assert kit.answer(results[name])["status"] == 200, name
    assert results["none"]["exit"] == 1


def test_the_host_s_network_gives_no_right_over_it(root: Path) -> None:
    """Its sysfs is there, read-only; even CAP_NET_ADMIN does not reach it."""
    script = "ls /sys/class/net; echo x > /sys/class/net/lo/mtu; busybox ip link set lo mtu 1400"
    options = ("--cap-add", "NET_ADMIN", "--net", "host", root, "--", "sh", "-c", script)
    prefix = ("unshare", "--net", "--mount")
    assert "not permitted" not in kit.run(*options, prefix=prefix).stderr
    done = kit.run("--userns", RANGE, *options, prefix=prefix)
    assert "lo" in done.stdout.split()
    assert "ead-only" in done.stderr
    assert "not permitted" in done.stderr


@pytest.mark.parametrize(("command", "code"), [("exit 7", 7), ("kill -9 $$", 0), ("nosuch", 127)])
def test_exit_codes_are_the_same(root: Path, command: str, code: int) -> None:
    assert kit.run("--userns", RANGE, root, "--", "sh", "-c", command).returncode == code


def test_limits_hold_and_time_ends(root: Path) -> None:
    eat = {"builtin": "memory-eat", "args": {"bytes": 128 << 20}, "memory_bytes": 32 << 20}
    results = kit.batch(
        {"id": "eater", "userns": RANGE, **eat},
        {"id": "late", "userns": RANGE, "rootfs": str(root), "command": ["sleep", "30"], "timeout_s": 0.4},
    )
    assert results["eater"]["oom_killed"] is True
    assert (results["late"]["exit"], results["late"]["timed_out"]) == (137, True)


def test_a_pipe_can_be_opened_again(root: Path) -> None:
    spec = {"rootfs": str(root), "command": ["sh", "-c", "echo out > /dev/stdout; echo err > /dev/stderr"]}
    result = kit.batch({"id": "a", **spec, "userns": RANGE})["a"]
    assert (result["stdout"], result["stderr"]) == ("out\n", "err\n")


def test_a_terminal(root: Path) -> None:
    for ids in (RANGE, "100000:1"):
        line = (
            f"{' '.join(kit.PROGRAM)} run -it --userns {ids} {root} -- sh -c 'test -t 0 && stat -c %t%u /dev/console'"
        )
        done = subprocess.run(["script", "-qec", line, "/dev/null"], capture_output=True, text=True, check=False)
        assert done.stdout.strip() == "880", done.stdout


def test_an_image_without_mapped_owners_is_refused_unless_shifted(root: Path) -> None:
    """The file system ramfs has no mapped mounts: one clear line, and no fallback; shifted owners need no mapping."""
    script = (
        'mount -t ramfs none /mnt && cp -a "$1" /mnt/root && shift && "$@"; echo "$?"; '
        f'busybox chown -R {FIRST}:{FIRST} /mnt/root && exec "$@"'
    )
    command = [*kit.PROGRAM, "run", "--userns", RANGE, "/mnt/root", "--", "sh", "-c", "id -u; echo > /new"]
    argv = ["unshare", "--mount", "sh", "-c", script, "sh", str(root), *command]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["125", "0"], done.stderr
    assert done.returncode == 0
    said = f"doctor-runtime: can't give '/mnt/root' to user {FIRST}, the root inside: invalid argument (22): "
    assert done.stderr == f"{said}this kernel or file system has no mounts with mapped owners\n"


def test_what_would_belong_to_nobody_is_refused(root: Path, tmp_path: Path) -> None:
    spec = upper_of(tmp_path, root)
    (tmp_path / "upper" / "old").write_text("root's")
    results = kit.batch(
        {"id": "upper", **spec, "userns": RANGE, "command": ["true"]},
        {"id": "user", "rootfs": str(root), "userns": "100000:1000", "user": "alice", "command": ["true"]},
    )
    assert "holds files and does not belong to user 100000" in results["upper"]["error"]
    assert "not among the 1000 ids" in results["user"]["error"]
    assert {result["exit"] for result in results.values()} == {125}


def test_no_user_namespaces_is_one_clear_line(root: Path) -> None:
    limited = (
        f"echo 0 > /proc/sys/user/max_user_namespaces; exec {' '.join(kit.PROGRAM)} run --userns 1:9 {root} -- true"
    )
    argv = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", limited]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 125
    assert len(done.stderr.splitlines()) == 1
    assert "can't make a user namespace: no space left on device (28)" in done.stderr


def test_nothing_stays(root: Path) -> None:
    """After a regular end, and after SIGKILL at any stage of the start."""
    mounts = Path("/proc/self/mountinfo").read_text()
    assert kit.run("--userns", RANGE, "--name", "mapped", root, "--", "sh", "-c", "sleep 324 & exit 0").returncode == 0
    for step in range(20):
        argv = [*kit.PROGRAM, "run", "--userns", RANGE, "--name", "mapped", str(root), "--", "sleep", "324"]
        with subprocess.Popen(argv) as process:
            time.sleep(0.003 * step)
            process.send_signal(signal.SIGKILL)
    kit.run(root, "--", "true")
    assert [path for path in kit.groups() if path.name.endswith("-mapped")] == []
    assert Path("/proc/self/mountinfo").read_text() == mounts
    end = time.monotonic() + 30
    while (left := _running(b"324")) and time.monotonic() < end:
        time.sleep(0.05)
    assert left == []


def _running(argument: bytes) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if argument in words or b"mapped" in words:
            found.append(str(path))
    return found
