"""The root of a box: an overlay over the machine's own `/`, with everything that a dockerd needs to be its own."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.hosts import linux
from tests.hosts.cgroups import Hierarchy

DATA = {"docker": "/var/lib/docker", "containerd": "/var/lib/containerd", "doctor": "/var/lib/doctor"}
"""Directory of the work directory → where the box sees it. Real directories: overlay2 can't stand on an overlay."""

_HIDDEN = ("/etc/docker", "/etc/doctor", "/etc/sysctl.d", "/etc/sysconfig", "/root/.docker", "/etc/containerd")
_FILES = {
    "/etc/resolv.conf": "nameserver 198.51.100.2\n",
    "/etc/hostname": "box\n",
    "/etc/hosts": "127.0.0.1 localhost\n127.0.1.1 box\n",
    "/etc/sysctl.conf": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where a box keeps its parts: `upper`, `overlay-work`, `root` and the data directories beneath one work directory."""

    workdir: str
    lower: str  # the root that the overlay covers: "/" or a directory with a whole system
    is_whole: bool  # an init system will run in it: it gets a /dev of its own
    visible: tuple[str, ...]  # paths of the machine that must be seen inside though another mount would hide them


def prepare(layout: Layout) -> None:
    """Make the directories of a box before its namespaces exist."""
    base = Path(layout.workdir)
    for name in ("upper", "overlay-work", "root"):
        (base / name).mkdir(exist_ok=True)
    (base / "root").chmod(0o755)
    (base / "upper").chmod(0o755)
    for name in DATA:
        (base / name).mkdir(mode=0o711 if name == "containerd" else 0o710, exist_ok=True)


def build(layout: Layout, hierarchies: list[Hierarchy]) -> None:
    """Mount the root of the box in the mount namespace of the caller, and pivot into it."""
    root = f"{layout.workdir}/root"
    linux.mount("", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    lower = f"lowerdir={layout.lower},upperdir={layout.workdir}/upper,workdir={layout.workdir}/overlay-work"
    linux.mount("overlay", root, "overlay", data=lower)
    booted_before = Path(layout.workdir, "booted")
    if not booted_before.exists():
        _hide_settings(root)
        booted_before.touch()
    _mount_kernel(root, hierarchies)
    if layout.is_whole:
        _make_dev(f"{root}/dev")
    else:
        linux.mount("/dev", f"{root}/dev", flags=linux.MS_BIND | linux.MS_REC)
    shm = linux.MS_NOSUID | linux.MS_NODEV
    for target, mode in (("/dev/shm", "1777"), ("/run", "755"), ("/tmp", "1777")):
        linux.mount("tmpfs", root + target, "tmpfs", shm, f"mode={mode}")
    os.makedirs(f"{root}/run/lock", exist_ok=True)
    for name, target in DATA.items():
        os.makedirs(root + target, exist_ok=True)
        linux.mount(f"{layout.workdir}/{name}", root + target, flags=linux.MS_BIND)
    for path in layout.visible:
        _show(root, path)
    linux.pivot_root(root)


def _hide_settings(root: str) -> None:
    """Replace the machine's own settings of Docker and sysctl, so that a box is the same everywhere."""
    for directory in _HIDDEN:
        shutil.rmtree(root + directory, ignore_errors=True)
    for directory in ("/etc/docker", "/etc/sysctl.d"):
        os.makedirs(root + directory, mode=0o755)
    for path, text in _FILES.items():
        Path(root + path).unlink(missing_ok=True)
        Path(root + path).write_text(text, encoding="utf-8")


def _mount_kernel(root: str, hierarchies: list[Hierarchy]) -> None:
    """Fresh proc and sysfs, and the cgroup hierarchies as the box's cgroup namespace shows them."""
    safe = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("proc", f"{root}/proc", "proc", safe)
    linux.mount("sysfs", f"{root}/sys", "sysfs", safe)
    # Only the keys beneath net/ belong to a namespace: every other one is the machine's, so it can't be written.
    for path in ("/proc/sys", "/proc/sysrq-trigger"):
        if not os.path.exists(root + path):
            continue
        linux.mount(root + path, root + path, flags=linux.MS_BIND)
        linux.mount("", root + path, flags=linux.MS_BIND | linux.MS_REMOUNT | linux.MS_RDONLY | safe)
    net = f"{root}/proc/sys/net"
    linux.mount(net, net, flags=linux.MS_BIND)
    linux.mount("", net, flags=linux.MS_BIND | linux.MS_REMOUNT | safe)
    if any(h.mount_point != "/sys/fs/cgroup" for h in hierarchies):
        linux.mount("tmpfs", f"{root}/sys/fs/cgroup", "tmpfs", safe, "mode=755")
    for hierarchy in hierarchies:
        target = root + hierarchy.mount_point
        os.makedirs(target, exist_ok=True)
        linux.mount(
            hierarchy.kind, target, hierarchy.kind, safe, hierarchy.options if hierarchy.kind == "cgroup" else ""
        )


def _make_dev(target: str) -> None:
    """A small /dev as containers have it: an init system must not touch the machine's consoles."""
    linux.mount("tmpfs", target, "tmpfs", linux.MS_NOSUID, "mode=755")
    for name in ("null", "zero", "full", "random", "urandom", "tty", "fuse", "net/tun"):
        if os.path.exists(f"/dev/{name}"):
            about = os.stat(f"/dev/{name}")
            os.makedirs(os.path.dirname(f"{target}/{name}"), exist_ok=True)
            os.mknod(f"{target}/{name}", about.st_mode, about.st_rdev)
            os.chmod(f"{target}/{name}", 0o666)
    for name in ("pts", "shm", "mqueue"):
        os.mkdir(f"{target}/{name}")
    linux.mount(
        "devpts",
        f"{target}/pts",
        "devpts",
        linux.MS_NOSUID | linux.MS_NOEXEC,
        "newinstance,ptmxmode=0666,mode=620,gid=5",
    )
    links = {
        "ptmx": "pts/ptmx",
        "console": "null",
        "fd": "/proc/self/fd",
        "stdin": "fd/0",
        "stdout": "fd/1",
        "stderr": "fd/2",
    }
    for name, to in links.items():
        os.symlink(to, f"{target}/{name}")


def _show(root: str, path: str) -> None:
    """Bind a path of the machine into the box where the overlay doesn't show it (another mount, /tmp, /run)."""
    target = root + path
    if os.path.isdir(target):
        if os.listdir(target):
            return
    elif os.path.exists(target):
        return
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        Path(target).touch()
    linux.mount(path, target, flags=linux.MS_BIND | linux.MS_REC)
