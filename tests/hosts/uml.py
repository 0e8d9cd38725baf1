"""Another kernel than this machine's: Debian's user-mode Linux, a kernel that runs as a process and needs no KVM.

    printed = boot("dockerd & ...", "lsm=apparmor")

It loads and refuses modules, takes boot options and has AppArmor, which no namespace can show. Its root is the one of the
systemd hosts under an overlay, with this checkout at its path; nothing outside is changed. It has no network, and boots in a
second.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.hosts.sandbox import CHECKOUT, SandboxError
from tests.hosts.systemd import systemd_root, why_no_systemd

PROGRAM = "linux.uml"
MODULES = Path("/usr/lib/uml/modules")
PARSER = Path("/usr/sbin/apparmor_parser")
_INIT = """#!/bin/sh
export PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t securityfs sec /sys/kernel/security
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for name in /run /tmp /var/log /var/lib/docker /var/lib/containerd; do mount -t tmpfs tmpfs $name; done
mkdir -p /dev/pts /dev/shm; mount -t devpts devpts /dev/pts; ip link set lo up
modprobe configs
doctor() { %(checkout)s/.venv/bin/doctor "$@"; }
engine() {
    /etc/init.d/docker start >/dev/null 2>&1
    for turn in $(seq 100); do
        docker info >/dev/null 2>&1 && return 0
        grep -q '^failed to start daemon' /var/log/dockerd.log && break
        sleep 0.2
    done
    tail -n 3 /var/log/dockerd.log; return 1
}
. /case.sh
/bin/busybox poweroff -f
"""
_MOUNT = """
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mkdir -p "$2/root/lib/modules" "$2/root$3" "$2/root/var/lib/docker" "$2/root/var/lib/containerd"
mount --rbind "$4" "$2/root/lib/modules"
mount --bind "$3" "$2/root$3"
exec "$5" "mem=1500M" rootfstype=hostfs root=/dev/root "rootflags=$2/root" rw init=/uml-init con0=null,fd:1 con=null quiet $6
"""


def why_no_kernel() -> str:
    """Why no other kernel can be booted here, in words for a skip; empty when one can."""
    if not shutil.which(PROGRAM):
        return f"another kernel needs {PROGRAM} (user-mode-linux, on amd64)"
    return why_no_systemd().replace("a systemd host", "another kernel")


def boot(script: str, *options: str, init_script: str, timeout: float = 120) -> str:
    """Boot the kernel, run a shell script with `doctor` and `engine` (starts dockerd, or prints why not), and return the output.

    Args:
        script: its commands; the machine is switched off after them.
        options: boot options, as `lsm=apparmor`.
        init_script: the content of /etc/init.d/docker.
        timeout: seconds; SandboxError with the output when they are over.
    """
    with tempfile.TemporaryDirectory(prefix="doctor-uml-") as name:
        top = Path(name)
        for part in ("upper/etc/init.d", "upper/usr/sbin", "work", "root"):
            (top / part).mkdir(parents=True)
        upper = top / "upper"
        (upper / "uml-init").write_text(_INIT % {"checkout": CHECKOUT}, encoding="utf-8")
        (upper / "case.sh").write_text(script, encoding="utf-8")
        (upper / "etc/init.d/docker").write_text(init_script, encoding="utf-8")
        for path in ("uml-init", "etc/init.d/docker"):
            (upper / path).chmod(0o755)
        if PARSER.exists():
            shutil.copy2(PARSER, upper / "usr/sbin")
            shutil.copytree("/etc/apparmor.d", upper / "etc/apparmor.d", symlinks=True)
        words = [str(systemd_root()), name, str(CHECKOUT), str(MODULES), shutil.which(PROGRAM) or "", " ".join(options)]
        return _run(["unshare", "--mount", "sh", "-euc", _MOUNT, "sh", *words], timeout)


def _run(command: list[str], timeout: float) -> str:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=timeout)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise SandboxError(f"the kernel did not end within {timeout} s: {process.communicate()[0][-3000:]}") from None
