"""A builtin that says how the container looks from inside."""

import os

from doctor.runtime.builtins.answers import builtin, say
from doctor.runtime.reader import Reader

_STATUS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Uid", "Gid", "Groups", "NSpid")
_NAMESPACES = ("mnt", "pid", "uts", "ipc", "net", "cgroup", "user")


def _lines(path: str) -> list[str]:
    with open(path, encoding="utf-8", errors="replace") as source:
        return source.read().splitlines()


def _inspect(reader: Reader) -> None:
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
    )


FUNCTIONS = {"inspect": builtin(_inspect)}
