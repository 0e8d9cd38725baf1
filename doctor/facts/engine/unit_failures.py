"""Failed units that containers need beside the engine's own, and what their journals say."""

from msgspec import Struct

from doctor.model.message import Explained
from doctor.model.missing import Missing


class UnitFailure(Struct, frozen=True, kw_only=True):
    """One failed unit.

    Attributes:
        state: its state in systemd's words ("failed (exit-code)").
        source: the command that printed the line.
        line: the line of its last start that shows why it failed, "" if none does; credentials are masked.
        explained: the meaning of the line; ``None`` if it is unknown.
    """

    name: str
    state: str
    source: str
    line: str = ""
    explained: Explained | None = None


class UnitFailures(Struct, frozen=True, kw_only=True):
    """The failed ones of docker.socket, containerd.service and, on a node of Kubernetes, kubelet.service."""

    items: tuple[UnitFailure, ...] = ()
    gaps: tuple[Missing, ...] = ()
