"""The rules that a probe's packets pass: the engine's own, or the runtime's if no engine has created any yet."""

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


class PublishWay(Struct, frozen=True, kw_only=True):
    """How a port can be published for a test.

    Attributes:
        kind: ``chain`` (in the engine's chain, which its own rules must jump to), ``own`` (by rules of the runtime, if no
            engine has created any yet), ``lost`` (the engine runs and its chains are missing), ``none``.
        why: for ``none``, the reason; ``is_wish`` whether the engine's settings cause it.
    """

    kind: str
    why: str = ""
    is_wish: bool = False


def way_in(config: EngineConfig, state: EngineState | Missing, firewall: Firewall | Missing) -> PublishWay:
    """Return how the probe publishes its own port."""
    if config.get("iptables", True) is False:
        return PublishWay(
            kind="none", why="the engine's settings disable its firewall rules (iptables: false)", is_wish=True
        )
    if isinstance(firewall, Missing):
        return PublishWay(kind="none", why=f"the firewall can't be read: {firewall.reason}")
    if config.get("firewall-backend") == "nftables" or firewall.has_engine_table:
        return PublishWay(kind="none", why="the engine filters with nftables")
    if firewall.v4 is None:
        return PublishWay(kind="none", why="iptables is not installed")
    if firewall.v4.has_chain("nat", CHAIN) and firewall.v4.has_chain("filter", CHAIN):
        return PublishWay(kind="chain")
    return PublishWay(kind="lost" if isinstance(state, EngineState) and state.is_running else "own")


class RulesOfStart(Struct, frozen=True, kw_only=True):
    """Whether the engine has yet to create its firewall rules on this host.

    Attributes:
        is_unborn: the engine is down, none of its containers runs and none of its chains exists. It creates them when it
            starts, so the runtime adds the rules that a test container needs.
        why_not: the reason why even that would prove nothing, else "".
    """

    is_unborn: bool
    why_not: str = ""

    @property
    def container(self) -> dict[str, Any]:
        """Return the extra options of a container on an engine's network."""
        return {"masquerade": True} if self.is_unborn else {}


def start_of(
    config: EngineConfig,
    state: EngineState | Missing,
    firewall: Firewall | Missing,
    networks: Networks,
    sysctl: Sysctl | Missing,
) -> RulesOfStart:
    """Return whether the rules are yet to be created; an unknown engine state counts as running."""
    is_down = isinstance(state, EngineState) and state.status in {"down", "idle", "absent"}
    if not is_down or networks.running or way_in(config, state, firewall).kind != "own":
        return RulesOfStart(is_unborn=False)
    is_off = not isinstance(sysctl, Missing) and sysctl.number("net.ipv4.ip_forward") == 0
    if is_off and config.ip_forward:
        return RulesOfStart(is_unborn=True, why_not="the engine is down, and turns on forwarding only when it starts")
    return RulesOfStart(is_unborn=True)
