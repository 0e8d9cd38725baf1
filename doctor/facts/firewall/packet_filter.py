"""The packet filter as the kernel has it now: rules of both iptables backends, and tables of others."""

from msgspec import Struct

from doctor.formats.firewall.iptables_save import Rule, Ruleset
from doctor.formats.firewall.nft_json import NftRuleset
from doctor.model.missing import Missing

NFT, LEGACY = "nft", "legacy"

IPTABLES_TABLES = frozenset({"filter", "nat", "mangle", "raw", "security"})
"""Names of tables in families ip and ip6 that iptables-nft keeps."""

ENGINE_TABLE = "docker-bridges"
"""The table of an engine with ``firewall-backend`` nftables (since 29)."""


class Saved(Struct, frozen=True, kw_only=True):
    """The rules of one backend and one family.

    Attributes:
        save: the command that printed them; ``restore`` the one that takes lines back.
        ruleset: what it printed, parsed.
        by_chain: (table, chain) → its rules in the order in which packets meet them.
    """

    save: tuple[str, ...]
    restore: str
    ruleset: Ruleset
    by_chain: dict[tuple[str, str], tuple[Rule, ...]]

    @classmethod
    def of(cls, save: tuple[str, ...], ruleset: Ruleset) -> "Saved":
        """Return the rules, sorted into their chains once: judgements ask for chains often."""
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
        """Return the rules of a chain, none where it does not exist."""
        return self.by_chain.get((table, chain), ())

    def has_chain(self, table: str, chain: str) -> bool:
        """Whether a chain exists. A built-in one of a table nobody touched does not (nft) or is empty (legacy)."""
        return (table, chain) in self.by_chain

    def policy(self, table: str, chain: str) -> str:
        """Return the policy of a built-in chain: ACCEPT where nothing was ever set."""
        found = self.ruleset.chain(table, chain)
        return (found.policy if found is not None else None) or "ACCEPT"

    def filter_chains(self) -> frozenset[str]:
        """Return the names of the chains of the filter table."""
        return frozenset(chain for table, chain in self.by_chain if table == "filter")


class NftTable(Struct, frozen=True, kw_only=True):
    """One table that nft lists: family ("ip", "inet", "bridge" …) and name."""

    family: str
    name: str

    @property
    def text(self) -> str:
        """The two words after ``table``."""
        return f"{self.family} {self.name}"

    @property
    def is_of_iptables(self) -> bool:
        """Whether iptables-nft keeps its rules in it."""
        return self.family in {"ip", "ip6"} and self.name in IPTABLES_TABLES


class Firewall(Struct, frozen=True, kw_only=True):
    """What filters packets on this host.

    Attributes:
        backend: which kernel interface the ``iptables`` command uses: ``nft`` or ``legacy``; "" if there is no iptables.
        path: where the command is; ``target`` the program that its links lead to; ``alternative`` where the link
            /etc/alternatives/iptables points to, "" if the command is no alternative.
        v4: IPv4 rules of that backend; ``None`` without iptables.
        v6: IPv6 rules of that backend, asked only where the engine has IPv6 networks.
        other: IPv4 rules of the other backend, where the kernel holds any; ``other_name`` its name.
        tables: what nft lists; empty where there is no nft.
        has_nft: whether the nft command is there.
        foreign: tables of neither iptables nor the engine.
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
    def has_engine_table(self) -> bool:
        """Whether the IPv4 table of an nftables engine is there."""
        return any(table.family == "ip" and table.name == ENGINE_TABLE for table in self.tables)

    def family(self, version: int) -> Saved | None:
        """Return the rules of one family, 4 or 6."""
        return self.v4 if version == 4 else self.v6
