"""The packet filter in the kernel: rules of both iptables backends, and other tables."""

from msgspec import Struct

from doctor.formats.firewall.iptables_save import Rule, Ruleset
from doctor.formats.firewall.nft_json import NftRuleset
from doctor.model.missing import Missing

NFT, LEGACY = "nft", "legacy"

IPTABLES_TABLES = frozenset({"filter", "nat", "mangle", "raw", "security"})
"""Names of tables in families ip and ip6 that belong to iptables-nft."""

ENGINE_TABLE = "docker-bridges"
"""The table of an engine with ``firewall-backend`` nftables (since 29)."""


class Saved(Struct, frozen=True, kw_only=True):
    """The rules of one backend and one family.

    Attributes:
        save: the command that printed them; ``restore`` the one that loads them.
        ruleset: the parsed output.
        by_chain: (table, chain) → its rules in the order of evaluation.
    """

    save: tuple[str, ...]
    restore: str
    ruleset: Ruleset
    by_chain: dict[tuple[str, str], tuple[Rule, ...]]

    @classmethod
    def of(cls, save: tuple[str, ...], ruleset: Ruleset) -> "Saved":
        """Return the rules, sorted by chain once, because chains are looked up often."""
        chains: dict[tuple[str, str], list[Rule]] = {(chain.table, chain.name): [] for chain in ruleset.chains}
        for rule in ruleset.rules:
            chains.setdefault((rule.table, rule.chain), []).append(rule)
        return cls(
            save=save,
            restore=save[0].removesuffix("-save") + "-restore",
            ruleset=ruleset,
            by_chain={key: tuple(rules) for key, rules in chains.items()},
        )

    def rules(self, table: str, chain: str) -> tuple[Rule, ...]:
        """Return the rules of a chain, none if it does not exist."""
        return self.by_chain.get((table, chain), ())

    def has_chain(self, table: str, chain: str) -> bool:
        """Whether a chain exists. A built-in chain of an unused table does not (nft) or is empty (legacy)."""
        return (table, chain) in self.by_chain

    def policy(self, table: str, chain: str) -> str:
        """Return the policy of a built-in chain: ACCEPT if none was set."""
        found = self.ruleset.chain(table, chain)
        return (found.policy if found is not None else None) or "ACCEPT"

    def filter_chains(self) -> frozenset[str]:
        """Return the names of the chains of the filter table."""
        return frozenset(chain for table, chain in self.by_chain if table == "filter")


class NftTable(Struct, frozen=True, kw_only=True):
    """One table in nft's list: family ("ip", "inet", "bridge" …) and name."""

    family: str
    name: str

    @property
    def text(self) -> str:
        """The two words after ``table``."""
        return f"{self.family} {self.name}"

    @property
    def is_of_iptables(self) -> bool:
        """Whether it belongs to iptables-nft."""
        return self.family in {"ip", "ip6"} and self.name in IPTABLES_TABLES


class Firewall(Struct, frozen=True, kw_only=True):
    """All packet filter rules of this host.

    Attributes:
        backend: the kernel interface of the ``iptables`` command: ``nft`` or ``legacy``; "" without iptables.
        path: path of the command; ``target`` the program that its links lead to; ``alternative`` the target of the link
            /etc/alternatives/iptables, "" if the command is not an alternative.
        v4: IPv4 rules of that backend; ``None`` without iptables.
        v6: IPv6 rules of that backend, read only if the engine has IPv6 networks.
        other: IPv4 rules of the other backend, if the kernel has any; ``other_name`` its name.
        tables: tables in nft's list; empty without nft.
        has_nft: whether the nft command exists.
        foreign: tables that belong neither to iptables nor to the engine.
        gaps: what could not be read.
    """

    backend: str = ""
    path: str = ""
    target: str = ""
    alternative: str = ""
    v4: Saved | None = None
    v6: Saved | None = None
    other: Saved | None = None
    other_name: str = ""
    tables: tuple[NftTable, ...] = ()
    has_nft: bool = False
    foreign: dict[NftTable, NftRuleset] = {}
    gaps: tuple[Missing, ...] = ()

    @property
    def forwards_by_others(self) -> bool:
        """Whether a table of others judges forwarded IPv4 packets."""
        return any(
            table.family in {"ip", "inet"} and any(True for _ in ruleset.base_chains("forward"))
            for table, ruleset in self.foreign.items()
        )

    @property
    def translates_by_others(self) -> bool:
        """Whether a table of others may translate IPv4 packets, or keep them from being tracked."""
        return any(
            table.family in {"ip", "inet"}
            and any(chain.hook in {"prerouting", "postrouting"} for chain in ruleset.chains)
            for table, ruleset in self.foreign.items()
        )

    @property
    def has_engine_table(self) -> bool:
        """Whether the IPv4 table of an nftables engine exists."""
        return any(table.family == "ip" and table.name == ENGINE_TABLE for table in self.tables)

    def family(self, version: int) -> Saved | None:
        """Return the rules of one family, 4 or 6."""
        return self.v4 if version == 4 else self.v6
