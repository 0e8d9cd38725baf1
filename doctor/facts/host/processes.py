"""The processes of the host, read once a scan."""

from msgspec import Struct

from doctor.model.process import Process


class Processes(Struct, frozen=True, kw_only=True):
    """Every process, in no particular order; those of nested containers too, in their own namespaces.

    Attributes:
        items: the processes.
        own: doctor's own pid among them, 0 if it is not (a recorded host).
    """

    items: tuple[Process, ...]
    own: int = 0

    def named(self, *names: str) -> tuple[Process, ...]:
        """Return the live processes whose program has one of these names, lowest pid first.

        The program is the file that runs (a rename of the process or a text in its arguments does not count), its argv[0]
        where doctor may not see the file. Zombies are left out, but a deleted program (an upgrade) counts.
        """
        found = (process for process in self.items if process.state != "Z" and program(process) in names)
        return tuple(sorted(found, key=lambda process: process.pid))

    def of_host(self, *names: str) -> tuple[Process, ...]:
        """Return those of ``named`` that run in the host's own pid namespace as root, the host's mounts first.

        A dockerd in a container (dind) or of another user (rootless) is another engine.
        """
        first = self.pid(self.own) or self.pid(1)
        pids = first.pid_namespace if first is not None else ""
        mounts = first.mount_namespace if first is not None else ""
        found = [
            process
            for process in self.named(*names)
            if process.uid == 0 and (not pids or not process.pid_namespace or process.pid_namespace == pids)
        ]
        inside = [p for p in found if not mounts or not p.mount_namespace or p.mount_namespace == mounts]
        # A unit with MountFlags= or PrivateMounts= gives the host's own engine a mount namespace of its own.
        return tuple(inside) or tuple(process for process in found if ".service" in process.cgroup)

    def pid(self, pid: int) -> Process | None:
        """Return the process with this pid, or ``None``."""
        return next((process for process in self.items if process.pid == pid), None)


def program(process: Process) -> str:
    """Return the name of the file a process runs, without directory."""
    path = process.exe.removesuffix(" (deleted)") or (process.argv[0] if process.argv else "")
    return path.rpartition("/")[2]
