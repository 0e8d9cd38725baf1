"""Details of findings about the firewall: values that a check passes to its fixer."""

from msgspec import Struct

from doctor.facts.firewall.packet_filter import Saved
from doctor.facts.network.doctor_runs import Mark
from doctor.model.paths import HostPath


class IptablesOff(Struct, frozen=True, kw_only=True):
    """The location of the setting ``iptables: false``."""

    place: str


class TableGone(Struct, frozen=True, kw_only=True):
    """An nft table of the engine that only its restart recreates."""

    name: str


class LeftRules(Struct, frozen=True, kw_only=True):
    """Stale rules of a killed container of doctor."""

    marks: tuple[Mark, ...]


class LeftRoute(Struct, frozen=True, kw_only=True):
    """A stale route of a killed container of doctor."""

    destination: str
    device: str


class OtherChains(Struct, frozen=True, kw_only=True):
    """Chains of another engine version that have rules."""

    names: tuple[str, ...]


class Switched(Struct, frozen=True, kw_only=True):
    """The backend with the rules, and the current target of the alternative, "" for none."""

    wanted: str
    alternative: str


class WrongVariant(Struct, frozen=True, kw_only=True):
    """A variant of iptables that the kernel can't do, and whether the other can replace it.

    Attributes:
        used, other: ``nft`` or ``legacy``.
        other_works: whether the kernel certainly has all that the other one needs.
        states, modules: state and module of each part that the kernel lacks.
        keeps_rules: whether the variant may hold rules of others, which the other one does not show.
        saved: its rules, ``None`` if they can't be listed; ``engine_rules`` those of the engine among them, by (table, chain).
        switches: links in /etc/alternatives → program of the other variant, {} if they can't be switched.
    """

    used: str
    other: str
    other_works: bool
    states: tuple[str, ...]
    modules: tuple[str, ...]
    keeps_rules: bool
    saved: Saved | None
    engine_rules: dict[tuple[str, str], tuple[str, ...]]
    switches: dict[HostPath, str]


class OtherZone(Struct, frozen=True, kw_only=True):
    """A bridge of the engine in another zone of firewalld than docker."""

    bridge: str
    zone: str


class StaleRule(Struct, frozen=True, kw_only=True):
    """A rule of the engine for a container that no longer exists."""

    table: str
    chain: str
    rule: str
