"""The variants of the iptables command, and whether the running kernel has what each of them uses.

Sources: iptables/nft.c of iptables 1.8.2 to 1.8.11 (each rule has a counter; every match but limit, tcp, udp and mark, and every
target but ACCEPT, DROP, RETURN, NFLOG and TRACE, is one of xtables, through nft_compat), Kconfig and Makefile of the kernel
(NFT_COUNTER is part of nf_tables since 5.17, NFT_CHAIN_NAT_IPV4 of NFT_NAT since 5.1, IP_NF_IPTABLES_LEGACY exists since 6.9).
"""

from msgspec import Struct

from doctor.facts.firewall.command import IptablesCommand
from doctor.facts.firewall.packet_filter import NFT
from doctor.facts.kernel.features import Feature, JudgedFeature
from doctor.facts.kernel.kernel import Kernel
from doctor.model.paths import HostPath

_BROKEN = ("absent", "gone", "forbidden")
_NO_RULES = "the engine can't create its firewall rules and does not start"
_NO_RAW = "containers on bridge networks don't start, because the engine blocks direct access to them in the table raw"


class Variant(Struct, frozen=True, kw_only=True):
    """The needs of one variant, for one family of addresses, and their state on this kernel.

    Attributes:
        name: ``nft`` or ``legacy``.
        judged: the features that it needs.
    """

    name: str
    judged: tuple[JudgedFeature, ...]

    @property
    def lacks(self) -> tuple[JudgedFeature, ...]:
        """The features that the kernel certainly does not have now and can't load."""
        return tuple(one for one in self.judged if one.state in _BROKEN)

    @property
    def is_able(self) -> bool:
        """Whether the kernel certainly has all of them, or loads them on demand."""
        return all(one.state in {"present", "loadable"} for one in self.judged)

    @property
    def is_empty(self) -> bool:
        """Whether it certainly holds no rule: the rule set itself is missing (nf_tables or its tables for the family; ip_tables)."""
        return any(one in self.lacks for one in self.judged[: 2 if self.name == NFT else 1])


class FirewallVariants(Struct, frozen=True, kw_only=True):
    """Both variants of iptables on the running kernel.

    Attributes:
        command: the command that the engine runs.
        used: the variant of the command, for IPv4; ``other`` the other one.
        used6: that variant for IPv6, ``None`` if the engine has no IPv6 network.
        switches: links in /etc/alternatives → program of the other variant; {} if they can't be switched, or need not be.
        kernel: release of the running kernel.
    """

    command: IptablesCommand
    used: Variant
    other: Variant
    used6: Variant | None
    switches: dict[HostPath, str] = {}
    kernel: str


def needs(variant: str, family: int, kernel: Kernel, *, raw: bool) -> tuple[Feature, ...]:
    """Return what a variant needs of a kernel; ``raw`` is whether the engine has rules in the table raw (since 28.0).

    Of vendors that keep one version number for years, a renamed option counts under both names.
    """
    if variant == NFT:
        return _of_nft(family, kernel)
    return _of_legacy(family, kernel, raw=raw)


def _of_nft(family: int, kernel: Kernel) -> tuple[Feature, ...]:
    nat = ("NFT_NAT",) if kernel.release.at_least(5, 1) else (f"NFT_CHAIN_NAT_IPV{family}",)
    found = [
        _need("nf_tables", ("NF_TABLES",)),
        _need(f"nf_tables for IPv{family}", (f"NF_TABLES_IPV{family}",), (f"nf_tables_ipv{family}",)),
        _need("nft_compat", ("NFT_COMPAT",)),
        _need(
            "nft_chain_nat",
            (*nat, "NFT_NAT") if kernel.has_frozen_number else nat,
            ("nft_chain_nat", f"nft_chain_nat_ipv{family}"),
        ),
    ]
    if not kernel.release.at_least(5, 17) and not kernel.has_frozen_number:
        found.append(_need("nft_counter", ("NFT_COUNTER",)))
    return tuple(found)


def _of_legacy(family: int, kernel: Kernel, *, raw: bool) -> tuple[Feature, ...]:
    word, option = ("ip", "IP_NF") if family == 4 else ("ip6", "IP6_NF")
    base = (f"{option}_IPTABLES_LEGACY",) if kernel.release.at_least(6, 9) else (f"{option}_IPTABLES",)
    found = [
        Feature(
            name=f"{word}_tables",
            consequence=_NO_RULES,
            options=(*base, f"{option}_IPTABLES") if kernel.has_frozen_number else base,
            modules=(f"{word}_tables",),
            paths=(f"/proc/net/{word}_tables_names",),
            by_program=True,
        ),
        _need(f"{word}table_filter", (f"{option}_FILTER",)),
        _need(f"{word}table_nat", (f"{option}_NAT", f"NF_NAT_IPV{family}")),
    ]
    if raw:
        name = f"{word}table_raw"
        found.append(Feature(name=name, consequence=_NO_RAW, options=(f"{option}_RAW",), modules=(name,)))
    return tuple(found)


def _need(name: str, options: tuple[str, ...], modules: tuple[str, ...] = ()) -> Feature:
    return Feature(name=name, consequence=_NO_RULES, options=options, modules=modules or (name,))


RULE_SET_PATHS = ("/proc/net/ip_tables_names", "/proc/net/ip6_tables_names")
"""Files that prove a rule set of the legacy variant."""
