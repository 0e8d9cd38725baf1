"""Images, volumes and links made to escape: each is a pattern by which a container runtime once was escaped."""

import ctypes
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.runtime import runtime_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.skipif(bool(kit.why_not()), reason=kit.why_not() or "-")]

RENAME_EXCHANGE = 2


def test_the_command_may_not_be_the_runtime_itself(root: Path) -> None:
    """CVE-2019-5736: a script whose interpreter is /proc/self/exe never runs the host's Python inside.

    The host's libraries are bound into the container, so that Python would start there if it were executed.
    """
    evil = root / "evil"
    evil.write_text("#!/proc/self/exe\nopen('/pwned', 'w').write('x')\n")
    evil.chmod(0o755)
    binds = []
    for path in ("/usr", "/lib", "/lib64"):
        if Path(path).exists():
            binds += ["-v", f"{Path(path).resolve()}:{path}:ro"]
    shown = kit.run(*binds, root, "--", "/bin/busybox", "ls", os.path.realpath(sys.executable))
    assert shown.returncode == 0, "the host's Python is not visible: the test would prove nothing"
    done = kit.run("--timeout", "2", *binds, root, "--", "/evil")
    assert done.returncode != 0
    assert not (root / "pwned").exists()


def test_the_program_that_executes_the_command_is_not_a_file_of_the_host(root: Path) -> None:
    """CVE-2019-5736: /proc/self/exe at the moment of the execution is a throw-away file, seen as its own interpreter."""
    (root / "script").write_text("#!/bin/sh\nreadlink /proc/self/exe\n")
    (root / "script").chmod(0o755)
    assert kit.run(root, "--", "/script").stdout == "/bin/busybox\n"


@pytest.mark.parametrize("number", range(3, 16))
def test_no_descriptor_leads_out_as_working_directory(root: Path, number: int) -> None:
    """CVE-2024-21626: /proc/self/fd/N as working directory."""
    done = kit.run("-w", f"/proc/self/fd/{number}", root, "--", "ls", "/proc/self/cwd/")
    assert done.returncode == 125
    assert "refused" in done.stderr or "can't open" in done.stderr


def test_a_descriptor_of_the_caller_does_not_get_in(root: Path, outside: Path) -> None:
    """CVE-2024-21626: a directory that the runtime's caller left open, inheritable."""
    leaked = os.open(outside, os.O_RDONLY | os.O_DIRECTORY)
    try:
        done = kit.run(root, "--", "ls", "-l", "/proc/self/fd", pass_fds=[leaked])
    finally:
        os.close(leaked)
    assert "outside" not in done.stdout
    assert sorted(line.split()[8] for line in done.stdout.splitlines() if "->" in line)[:3] == ["0", "1", "2"]
    assert "12" not in done.stdout.split()
    seen = kit.answer(kit.batch({"id": "a", "builtin": "inspect"})["a"])
    assert seen["descriptors"] == [0, 1, 2, 3]  # 3 is the listing itself


def test_an_init_can_not_be_traced_or_read() -> None:
    """CVE-2016-9962: while it enters, the process is not dumpable, so its descriptors can't be borrowed."""
    code = (
        "import sys; sys.path.append(sys.argv[1])\n"
        "from doctor.runtime.base import kernel\n"
        "from doctor.runtime.base.frozen import LaunchError\n"
        "from doctor.runtime.process import init\n"
        "from doctor.runtime.rootfs import assembly\n"
        "import os\n"
        "def stop(plan, devices_limited):\n"
        "    raise LaunchError('dumpable %d' % kernel.call('prctl', 3, 0, 0, 0, 0))\n"
        "assembly.build = stop\n"
        "from doctor.runtime import cli\n"
        "sys.exit(cli.main(['run', '/', '--', 'true']))\n"
    )
    package = str(kit.RUNTIME.parents[2])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, package], capture_output=True, text=True, check=False
    )
    assert "dumpable 0" in done.stderr, done.stderr


@pytest.mark.parametrize("name", ["proc", "sys", "dev"])
@pytest.mark.parametrize("inside", [True, False])
def test_kernel_file_systems_are_not_mounted_over_a_link(root: Path, outside: Path, name: str, inside: bool) -> None:
    """CVE-2019-16884: /proc (or /sys, /dev) of the image is a link, out of it or to another place in it."""
    (root / name).rmdir()
    (root / name).symlink_to("/tmp" if inside else outside)
    done = kit.run(root, "--", "true")
    assert done.returncode == 125
    assert f"refused '/{name}'" in done.stderr
    assert sorted(p.name for p in outside.iterdir()) == ["secret"]


@pytest.mark.parametrize("target", ["/proc", "/proc/self/attr", "/sys/kernel", "/innocent/self", "/proc/1/cwd"])
def test_volumes_over_procfs_and_sysfs_are_refused(root: Path, outside: Path, target: str) -> None:
    """CVE-2019-16884, CVE-2023-28642, CVE-2025-52881: by name, and by a link in the image."""
    (root / "innocent").symlink_to("/proc")
    done = kit.run("-v", f"{outside}:{target}", root, "--", "true")
    assert done.returncode == 125
    assert "refused" in done.stderr


@pytest.mark.parametrize("kind", ["volume", "file", "tmpfs", "cwd"])
@pytest.mark.parametrize("link", ["absolute", "climbing"])
def test_targets_stay_beneath_the_root(root: Path, outside: Path, kind: str, link: str) -> None:
    """CVE-2019-19921, CVE-2021-30465, CVE-2024-45310: links to the host as part of a target's path."""
    (root / "data").symlink_to(outside if link == "absolute" else "/.." * 20 + str(outside))
    option = {
        "volume": ["-v", f"{outside}:/data/made/here"],
        "file": ["--file", "/data/made/here=text"],
        "tmpfs": ["--tmpfs", "/data/made/here"],
        "cwd": ["-w", "/data/made/here"],
    }[kind]
    done = kit.run(*option, root, "--", "true")
    assert sorted(p.name for p in outside.iterdir()) == ["secret"]
    assert done.returncode in (0, 125)


def test_a_dangling_link_is_not_followed_to_make_something(root: Path, outside: Path) -> None:
    (root / "data").symlink_to("/nowhere/yet")
    done = kit.run("-v", f"{outside}:/data", root, "--", "true")
    assert done.returncode == 125
    assert not (root / "nowhere").exists()


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


def test_a_target_exchanged_while_mounts_are_made(root: Path, outside: Path) -> None:
    """CVE-2021-30465, CVE-2024-45310: another container swaps a directory and a link all the time."""
    (root / "plain").mkdir()
    (root / "link").symlink_to("/.." * 20 + str(outside))
    spec = {
        "rootfs": str(root),
        "command": ["true"],
        "volumes": [{"source": str(root / "etc"), "target": "/plain/a/b"}],
        "files": {"/plain/c/file": "text"},
    }
    with swapping(root / "plain", root / "link"):
        kit.batch(*({"id": f"c{n}", **spec} for n in range(40)), parallel=2)
    assert sorted(p.name for p in outside.iterdir()) == ["secret"]


def test_masks_do_not_use_the_image_s_null_device(root: Path) -> None:
    """CVE-2025-31133: the image's /dev/null is a link to a file that a mask would make writable."""
    (root / "dev" / "null").symlink_to("/proc/sys/kernel/core_pattern")
    script = "stat -c '%F %t:%T' /proc/keys /dev/null; echo x > /proc/sys/kernel/core_pattern"
    done = kit.run(root, "--", "sh", "-c", script)
    assert set(done.stdout.splitlines()) == {"character special file 1:3"}
    assert "ead-only" in done.stderr
    assert done.returncode != 0


@pytest.mark.parametrize("path", ["/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/proc/irq/default_smp_affinity"])
def test_procfs_is_read_only_where_it_steers_the_host(root: Path, path: str) -> None:
    done = kit.run(root, "--", "sh", "-c", f"echo x > {path}")
    assert done.returncode != 0
    assert "ead-only" in done.stderr or "nonexistent" in done.stderr


def test_the_console_is_the_terminal_just_made(root: Path, outside: Path) -> None:
    """CVE-2025-52565: /dev/console of the image is a link to a host's file."""
    (root / "dev" / "console").symlink_to(outside / "secret")
    script = f"{' '.join(kit.PROGRAM)} run -it {root} -- sh -c 'stat -c %t /dev/console'"
    done = subprocess.run(["script", "-qec", script, "/dev/null"], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "88"
    assert (outside / "secret").read_text() == "of the host"


def test_cgroups_can_not_be_written_and_show_only_the_container(root: Path) -> None:
    """CVE-2023-25809."""
    script = (
        "for f in $(ls -d /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs 2>/dev/null); do"
        " echo $$ > $f && echo WRITTEN; done; mkdir /sys/fs/cgroup/x && echo MADE;"
        " ls /sys/fs/cgroup /sys/fs/cgroup/*; cat /proc/self/cgroup"
    )
    done = kit.run("--memory", "64m", root, "--", "sh", "-c", script)
    assert "WRITTEN" not in done.stdout
    assert "MADE" not in done.stdout
    assert "doctor-runtime" not in done.stdout


def test_device_nodes_of_an_image_do_not_work(root: Path) -> None:
    """Nodes of the host's memory, log and disk in the image, and one made with CAP_MKNOD."""
    os.mknod(root / "mem", stat.S_IFCHR | 0o666, os.makedev(1, 1))
    os.mknod(root / "log", stat.S_IFCHR | 0o666, os.makedev(1, 11))
    disk = os.stat("/").st_dev
    os.mknod(root / "disk", stat.S_IFBLK | 0o666, disk)
    script = (
        f"mknod /tmp/made b {os.major(disk)} {os.minor(disk)}; "
        "for f in /mem /log /disk /tmp/made; do dd if=$f of=/dev/null bs=1 count=1; done"
    )
    done = kit.run(root, "--", "sh", "-c", script)
    assert done.stderr.count("Operation not permitted") == 4, done.stderr


@pytest.mark.parametrize("kind", ["fifo", "device", "link", "huge", "binary", "directory"])
def test_hostile_passwd_files(root: Path, outside: Path, kind: str) -> None:
    """CVE-2019-14271's neighbour: users are read by the runtime, which must not hang, open devices, or leave the root."""
    passwd = root / "etc" / "passwd"
    passwd.unlink()
    (outside / "secret").write_text("alice:x:4321:1:::\n")
    match kind:
        case "fifo":
            os.mkfifo(passwd)
        case "device":
            os.mknod(passwd, stat.S_IFCHR | 0o666, os.makedev(1, 5))
        case "link":
            passwd.symlink_to("/.." * 20 + str(outside / "secret"))
        case "huge":
            with passwd.open("wb") as target:
                target.truncate(8 << 30)
        case "binary":
            passwd.write_bytes(bytes(range(256)) * 100)
        case "directory":
            passwd.mkdir()
    named = kit.run("--user", "alice", root, "--", "id")
    assert named.returncode == 125
    assert "no user 'alice'" in named.stderr
    assert "Uid:\t77\t77" in kit.run("--user", "77", root, "--", "cat", "/proc/self/status").stdout


def test_nothing_can_be_imported_inside() -> None:
    """CVE-2019-14271's Python twin: no finder is left that could load a module from the image."""
    seen = kit.answer(kit.batch({"id": "a", "builtin": "inspect"})["a"])
    assert seen["importers"] == 0


def test_the_host_s_mounts_are_gone(root: Path) -> None:
    """Nothing of the old root is left after the pivot."""
    done = kit.run(root, "--", "cat", "/proc/self/mountinfo")
    points = [line.split()[4] for line in done.stdout.splitlines()]
    assert "/" in points
    assert all(point == "/" or point.split("/")[1] in ("proc", "sys", "dev") for point in points), points
