"""Requests of a probe to the runtime, and their results."""

from collections.abc import Generator
from typing import Any

from msgspec import Struct

from doctor.model.probe_result import ProbeResult


class Launch(Struct, frozen=True):
    """Containers to start, in order, as the runtime's ``batch`` takes them (``doctor/runtime/__init__.py``).

    Ids are local to the probe: ``net: "container:server"`` means the probe's own container ``server``. ``net:
    "network:ID"`` stands for a free address on the engine's bridge network of that id: all probes of a round run
    concurrently, so addresses are assigned when the round is assembled.

    ``rungs`` are started beside them by other programs: the host's runtime, containerd, the engine. Each has ``id``, ``kind``
    and ``limit_s``, and what its kind asks for (``doctor/runtime/rungs/__init__.py``). Their ends are in the same mapping:
    ``output`` is what the rung saw, and ``error`` says why it could not be tried at all.
    """

    containers: tuple[dict[str, Any], ...]
    rungs: tuple[dict[str, Any], ...] = ()


class Ended(Struct, frozen=True, kw_only=True):
    """How a container ended.

    Attributes:
        exit: its code; 125 when the runtime itself failed.
        output: the JSON object that a builtin printed last, {} for none.
        stdout: its whole output; ``stderr`` likewise.
        error: the runtime's message if it could not run it or its timeout expired; "" otherwise.
        timed_out: it was killed by its timeout; ``oom_killed``: the kernel killed it for its memory limit.
        left: what a rung could not remove.
        seconds: of a rung: from its start until everything that it made was removed.
    """

    id: str
    exit: int
    output: dict[str, Any] = {}
    stdout: str = ""
    stderr: str = ""
    error: str = ""
    timed_out: bool = False
    oom_killed: bool = False
    left: tuple[str, ...] = ()
    seconds: float = 0.0


Probing = Generator[Launch, dict[str, Ended], ProbeResult]
"""A probe: yields containers to launch, receives the end of each (by id), and returns its result."""
