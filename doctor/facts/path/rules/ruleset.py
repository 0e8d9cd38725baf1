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
            return _nat_priority(self.hook), self.priority
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
        queues: frozenset[int] | None = None,
        gaps: tuple[str, ...] = (),
    ) -> None:
        """Sort base chains by hook. ``spans`` lets rules about other addresses be skipped; ``gaps`` is what was not read."""
        self.gaps = gaps
        self.queues = queues
        self._concern = Concern(spans)
        self._at: dict[tuple[str, str, str], tuple[BaseChain, ...]] = {}
        saved: dict[tuple[str, str], list[BaseChain]] = {}
        for save in saves:
            for table, (ready, names) in saved_tables(save, sets or {}, self._concern).items():
                place = (save.family if "legacy" not in save.backend else save.backend, table)
                saved[place] = [
                    _saved_base(save, table, name, ready) for name in sorted(names & BUILT_IN.get(table, set()))
                ]
        made: dict[tuple[str, str], list[BaseChain]] = {}
        for place, (ready, chains) in nft_tables(nft, self._concern).items() if nft is not None else ():
            is_saved = place in saved and place[1] in IPTABLES_TABLES
            made[place] = saved[place] if is_saved else [_nft_base(chain, ready) for chain in chains if chain.hook]
        made = {place: bases for place, bases in saved.items() if place not in made} | made
        # Of chains with one priority the kernel calls the latest first; tables are listed as they were made.
        self.bases = [base for bases in reversed(made.values()) for base in reversed(bases)]
        self.bases.sort(key=lambda base: base.order)

    def at(self, family: str, hook: str, device: str = "") -> tuple[BaseChain, ...]:
        """Return the base chains that a packet passes at a hook, in order; ``device`` for ingress and egress."""
        found = self._at.get((family, hook, device))
        if found is None:
            found = self._at[family, hook, device] = tuple(
                base
                for base in self.bases
                if base.hook == hook and family in base.families and (not base.devices or device in base.devices)
            )
        return found


def _nat_priority(hook: str) -> int:
    return 100 if hook in _SOURCE_HOOKS else -100


def _saved_base(save: IptablesRules, table: str, name: str, ready: PathTable) -> BaseChain:
    hook = HOOKS[name]
    kind = "nat" if table == "nat" else "route" if (table, hook) == ("mangle", "output") else "filter"
    return BaseChain(
        hook=hook,
        families=frozenset({save.family}),
        kind=kind,
        priority=_nat_priority(hook) if kind == "nat" else _PRIORITIES.get(table, 0),
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
