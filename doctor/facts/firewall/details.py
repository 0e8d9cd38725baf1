"""Details of findings about the firewall: values that a check hands to its fixer."""

from msgspec import Struct

from doctor.facts.network.doctor_runs import Mark


class IptablesOff(Struct, frozen=True, kw_only=True):
    """Where ``iptables: false`` is set."""

    place: str


class TableGone(Struct, frozen=True, kw_only=True):
    """An nft table of the engine that only its restart recreates."""

    name: str


class LeftRules(Struct, frozen=True, kw_only=True):
    """Rules of a killed container of doctor's."""

    marks: tuple[Mark, ...]


class LeftRoute(Struct, frozen=True, kw_only=True):
    """A route of a killed container of doctor's."""

    destination: str
    device: str


class OtherChains(Struct, frozen=True, kw_only=True):
    """Chains of another engine's version that hold rules."""

    names: tuple[str, ...]


class Switched(Struct, frozen=True, kw_only=True):
    """Which backend has the rules, and where the alternative points to now, "" if there is none."""

    wanted: str
    alternative: str


class StaleRule(Struct, frozen=True, kw_only=True):
    """A rule of the engine for a container that no longer is."""

    table: str
    chain: str
    rule: str
