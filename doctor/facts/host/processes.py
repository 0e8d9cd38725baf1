"""The processes of the host, read once per scan."""

from msgspec import Struct

from doctor.model.process import Process


class Processes(Struct, frozen=True, kw_only=True):
    """All processes, in no particular order, including those of containers in their own namespaces.

    Attributes:
        items: the processes.
        own: doctor's own pid among them, 0 if it is not (a recorded host).
    """

    items: tuple[Process, ...]
    own: int = 0

    def named(self, *names: str) -> tuple[Process, ...]:
        """Return the running processes whose program has one of these names, lowest pid first.

        The program is the executed file, whatever the process's name and arguments; argv[0] if doctor can't read the file.
        Zombies are excluded; processes with a deleted executable (an upgrade) are included.
        """
        found = (process for process in self.items if process.state != "Z" and program(process) in names)
        return tuple(sorted(found, key=lambda process: process.pid))

    def of_host(self, *names: str) -> tuple[Process, ...]:
        """Return those of ``named`` that run as root in the host's own PID namespace, those in its mount namespace first.

        A dockerd in a container (dind) or of another user (rootless) is a different engine.
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
        # With MountFlags= or PrivateMounts= in its unit the host's engine has its own mount namespace.
        return tuple(inside) or tuple(process for process in found if ".service" in process.cgroup)

    def pid(self, pid: int) -> Process | None:
        """Return the process with this pid, or ``None``."""
        return next((process for process in self.items if process.pid == pid), None)


def program(process: Process) -> str:
    """Return the name of a process's executable, without directory."""
    path = process.exe.removesuffix(" (deleted)") or (process.argv[0] if process.argv else "")
    return path.rpartition("/")[2]
