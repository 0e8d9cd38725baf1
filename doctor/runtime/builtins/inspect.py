"""A builtin that shows the container from inside."""

import os
import sys

from doctor.runtime.base import kernel
from doctor.runtime.builtins.answers import builtin, say
from doctor.runtime.plan.reader import FieldReader

_STATUS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Uid", "Gid", "Groups", "NSpid")
_NAMESPACES = ("mnt", "pid", "uts", "ipc", "net", "cgroup", "user")


def _lines(path: str) -> list[str]:
    with open(path, encoding="utf-8", errors="replace") as source:
        return source.read().splitlines()


def _refusals() -> dict[str, int]:
    """The errno of calls that Docker's default profile refuses, 0 for an allowed one (none changes anything)."""
    found = {}
    for name, arguments in (
        ("unshare", (kernel.CLONE_NEWUSER,)),
        ("keyctl", (0, -3, 0, 0, 0)),  # KEYCTL_GET_KEYRING_ID of the session keyring
        ("bpf", (0, None, 0)),
        ("socket", (40, 1, 0)),  # AF_VSOCK
    ):
        try:
            kernel.call(name, *arguments)
        except OSError as error:
            found[name] = error.errno or 0
        else:
            found[name] = 0
    return found


def _inspect(reader: FieldReader) -> None:
    reader.end()
    status = dict(line.partition(":\t")[::2] for line in _lines("/proc/self/status"))
    say(
        ok=True,
        pid=os.getpid(),
        hostname=os.uname().nodename,
        cwd=os.getcwd(),
        status={name: status.get(name) for name in _STATUS},
        namespaces={name: os.readlink(f"/proc/self/ns/{name}") for name in _NAMESPACES},
        mounts=[line.split(" ")[4] for line in _lines("/proc/self/mountinfo")],
        cgroup=_lines("/proc/self/cgroup"),
        interfaces=[line.split(":")[0].strip() for line in _lines("/proc/net/dev")[2:]],
        descriptors=sorted(int(name) for name in os.listdir("/proc/self/fd")),
        processes=sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
        root=sorted(os.listdir("/")),
        refused=_refusals(),
        importers=len(sys.meta_path) + len(sys.path),
    )


FUNCTIONS = {"inspect": builtin(_inspect)}
