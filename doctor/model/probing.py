"""What a probe asks of the runtime and what it gets back."""

from collections.abc import Generator
from typing import Any

from msgspec import Struct

from doctor.model.report import ProbeResult


class Launch(Struct, frozen=True):
    """Containers to start, in order, as the runtime's ``batch`` takes them (``doctor/runtime/__init__.py``).

    Ids are local to the probe: ``net: "container:server"`` means the probe's own container ``server``. ``net:
    "network:ID"`` stands for a free address on the engine's bridge network of that id: all probes of a round run beside each
    other, so the addresses are given out when the round is put together.
    """

    containers: tuple[dict[str, Any], ...]


class Ended(Struct, frozen=True, kw_only=True):
    """How a container ended.

    Attributes:
        exit: its code; 125 when the runtime itself failed.
        output: the JSON object that a builtin printed last, {} for none.
        stdout: all it printed; ``stderr`` likewise.
        error: the runtime's word when it could not run it, or that it was stopped by its time limit; "" otherwise.
        timed_out: it was killed by its time limit; ``oom_killed``: the kernel killed it for its memory limit.
    """

    id: str
    exit: int
    output: dict[str, Any] = {}
    stdout: str = ""
    stderr: str = ""
    error: str = ""
    timed_out: bool = False
    oom_killed: bool = False


Probing = Generator[Launch, dict[str, Ended], ProbeResult]
"""A probe: yields what to launch, is sent how each container ended (by id), and returns its result."""
