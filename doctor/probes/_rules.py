"""By whose rules a probe's packets travel: the engine's own where they are, the runtime's where no engine made any yet."""

from typing import Any

from msgspec import Struct

from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.network.networks import Networks
from doctor.model.missing import Missing

CHAIN = "DOCKER"
"""The engine's chain for published ports in nat and filter, of every version that filters with iptables."""


class Way(Struct, frozen=True, kw_only=True):
    """How a port can be published for a test.

    Attributes:
        kind: ``chain`` (in the engine's chain: its own rules must lead there), ``own`` (by rules of the runtime alone, on a
            host where no engine has made any yet), ``lost`` (the engine runs and its chains are gone), ``none``.
        why: for ``none``, the reason; ``is_wish`` whether the engine's settings want it so.
    """

    kind: str
    why: str = ""
    is_wish: bool = False


def way_in(config: EngineConfig, state: EngineState | Missing, firewall: Firewall | Missing) -> Way:
    """Return how the probe's own port is published."""
    if config.get("iptables", True) is False:
        return Way(kind="none", why="the engine is set to make no rules (iptables: false)", is_wish=True)
    if isinstance(firewall, Missing):
        return Way(kind="none", why=f"the firewall can't be read: {firewall.reason}")
    if config.get("firewall-backend") == "nftables" or firewall.has_engine_table:
        return Way(kind="none", why="the engine filters with nftables")
    if firewall.v4 is None:
        return Way(kind="none", why="there is no iptables on this host")
    if firewall.v4.has_chain("nat", CHAIN) and firewall.v4.has_chain("filter", CHAIN):
        return Way(kind="chain")
    return Way(kind="lost" if isinstance(state, EngineState) and state.is_running else "own")


class Start(Struct, frozen=True, kw_only=True):
    """Whether this host's rules still wait for the engine's start.

    Attributes:
        is_unborn: no engine runs, none of its containers lives and none of its chains is there: it makes them when it starts,
            so the runtime makes what a test container needs.
        why_not: why even that proves nothing, "" where it does.
    """

    is_unborn: bool
    why_not: str = ""

    @property
    def container(self) -> dict[str, Any]:
        """Return what a container on an engine's network needs besides."""
        return {"masquerade": True} if self.is_unborn else {}


def start_of(
    config: EngineConfig,
    state: EngineState | Missing,
    firewall: Firewall | Missing,
    networks: Networks,
    sysctl: Sysctl | Missing,
) -> Start:
    """Judge it; a state that can't be known counts as a running engine."""
    is_down = isinstance(state, EngineState) and state.status in {"down", "idle", "absent"}
    if not is_down or networks.running or way_in(config, state, firewall).kind != "own":
        return Start(is_unborn=False)
    is_off = not isinstance(sysctl, Missing) and sysctl.number("net.ipv4.ip_forward") == 0
    if is_off and config.ip_forward:
        return Start(is_unborn=True, why_not="the engine does not run, and turns forwarding on only when it starts")
    return Start(is_unborn=True)
