"""All rules of one network namespace: base chains of every backend and family by hook, in the order of evaluation."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from doctor.facts.firewall.packet_filter import IPTABLES_TABLES
from doctor.facts.path.rules.form import PathChain
from doctor.facts.path.rules.ipsets import IpSet
from doctor.facts.path.rules.tables import (
    BUILT_IN,
    HOOKS,
    Concern,
    IptablesRules,
    PathTable,
    Spans,
    nft_tables,
    saved_tables,
)
from doctor.formats.firewall.nft_json import NftChain, NftRuleset

_PRIORITIES = {"raw": -300, "mangle": -150, "filter": 0, "security": 50}
_SOURCE_HOOKS = frozenset({"input", "postrouting"})
"""Hooks at which sources are translated."""


class BaseChain(Struct, frozen=True, kw_only=True):
    """A base chain and its table; its rules are prepared when needed."""

    hook: str
    families: frozenset[str]
    kind: str
    priority: int
    name: str
    table: PathTable
    devices: tuple[str, ...] = ()

    @property
    def chain(self) -> PathChain | None:
        """The chain with its rules."""
        return self.table.get(self.name)

    @property
    def order(self) -> tuple[int, int]:
        """When it is called: chains of nat together, at a place of their own."""
        if self.kind == "nat":
            return (100 if self.hook in _SOURCE_HOOKS else -100), self.priority
        return self.priority, 0


class PathRules:
    """The rules of one namespace, prepared once for all packets of a scan."""

    def __init__(
        self,
        *,
        saves: Iterable[IptablesRules] = (),
        nft: NftRuleset | None = None,
        sets: Mapping[str, IpSet] | None = None,
        spans: Spans | None = None,
        gaps: tuple[str, ...] = (),
    ) -> None:
        """Sort base chains by hook. ``spans`` lets rules about other addresses be skipped; ``gaps`` is what was not read."""
        self.gaps = gaps
        self._concern = Concern(spans)
        self.bases: list[BaseChain] = []
        known: set[tuple[str, str]] = set()
        for save in saves:
            tables = saved_tables(save, sets or {}, self._concern)
            for table, (ready, names) in tables.items():
                self.bases += [
                    _saved_base(save, table, name, ready) for name in sorted(names & BUILT_IN.get(table, set()))
                ]
            if "legacy" not in save.backend:
                known |= {(save.family, table) for table in tables}
        for (family, name), (ready, chains) in nft_tables(nft, self._concern).items() if nft is not None else ():
            if (family, name) not in known or name not in IPTABLES_TABLES:
                # Of chains with one priority the kernel calls the latest first.
                self.bases += [_nft_base(chain, ready) for chain in reversed(chains) if chain.hook]
        self.bases.sort(key=lambda base: base.order)

    def at(self, family: str, hook: str, device: str = "") -> tuple[BaseChain, ...]:
        """Return the base chains that a packet passes at a hook, in order; ``device`` for ingress and egress."""
        return tuple(
            base
            for base in self.bases
            if base.hook == hook and family in base.families and (not base.devices or device in base.devices)
        )


def _saved_base(save: IptablesRules, table: str, name: str, ready: PathTable) -> BaseChain:
    hook = HOOKS[name]
    kind = "nat" if table == "nat" else "route" if (table, hook) == ("mangle", "output") else "filter"
    return BaseChain(
        hook=hook,
        families=frozenset({save.family}),
        kind=kind,
        priority=_PRIORITIES.get(table, 0),
        name=name,
        table=ready,
    )


def _nft_base(chain: NftChain, table: PathTable) -> BaseChain:
    families = {"ip", "ip6"} if chain.family == "inet" else {chain.family}
    if chain.hook in {"ingress", "egress"}:
        families = {"netdev"}
    return BaseChain(
        hook=chain.hook,
        families=frozenset(families),
        kind=chain.kind or "filter",
        priority=chain.priority,
        name=chain.name,
        table=table,
        devices=chain.devices,
    )
