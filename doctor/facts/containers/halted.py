"""Programs of running containers that do not run on: stopped by a signal, or in a frozen control group."""

import shlex

from msgspec import Struct

from doctor.model.paths import HostPath


class HaltedProgram(Struct, frozen=True, kw_only=True):
    """One program that the kernel does not schedule.

    Attributes:
        program: its name ("containerd-shim-runc-v2"); for the first process of a container the name of that process.
        pid: the process.
        container: the container that it belongs to, "" for a program of all containers.
        is_helper: whether it is a program of the engine, not of the container.
        frozen_by: the file that freezes its control group, ``None`` if a signal stopped it.
        is_v1: whether that file is one of control groups version 1, which takes a word instead of a number.
    """

    program: str
    pid: int
    container: str = ""
    is_helper: bool = False
    frozen_by: HostPath | None = None
    is_v1: bool = False

    @property
    def way(self) -> str:
        """Return the state in words."""
        return "stopped by a signal" if self.frozen_by is None else "frozen"

    @property
    def command(self) -> str:
        """Return the command that continues it."""
        if self.frozen_by is None:
            return f"kill -CONT {self.pid}"
        return f"echo {'THAWED' if self.is_v1 else 0} >{shlex.quote(str(self.frozen_by))}"


class HaltedPrograms(Struct, frozen=True, kw_only=True):
    """All of them: first processes of running containers that the engine did not pause, and the engine's helpers."""

    items: tuple[HaltedProgram, ...] = ()
