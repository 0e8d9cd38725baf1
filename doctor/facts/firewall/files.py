"""Files that make firewall rules at boot or at a reload: saved rules, nftables.conf, firewalld, ufw."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class SavedRules(Struct, frozen=True, kw_only=True):
    """A file that iptables-restore or nft loads at boot, with what it has for one family.

    Attributes:
        service: what loads it ("netfilter-persistent").
        is_loaded: whether that is enabled.
        version: 4 or 6.
        user_chains: DOCKER-USER and the chains it leads to, as the file has them.
        user_words: the rules of DOCKER-USER in nft's words, where iptables has none for one of them; ``user_chains`` is empty then.
        engine_lines: its lines that are the engine's (chains, rules in them, jumps to them), with their numbers from 1.
    """

    path: HostPath
    service: str
    is_loaded: bool
    version: int = 4
    user_chains: dict[str, tuple[str, ...]] = {}
    user_words: tuple[str, ...] = ()
    engine_lines: tuple[tuple[int, str], ...] = ()


class NftablesConf(Struct, frozen=True, kw_only=True):
    """The file that the nftables service loads.

    Attributes:
        is_enabled: whether the service is.
        flush_line: number of the line with ``flush ruleset``, 0 for none.
    """

    path: HostPath
    is_enabled: bool
    flush_line: int = 0


class FirewallFiles(Struct, frozen=True, kw_only=True):
    """What is configured, whatever the kernel holds now.

    Attributes:
        saved: saved rule files that exist, and files for nft that have rules of DOCKER-USER.
        nftables: the service's file, ``None`` if there is none.
        firewalld_interfaces: interface → zone, as far as zone files of /etc/firewalld name it.
        ufw_enabled: ``ENABLED=yes`` in /etc/ufw/ufw.conf.
        gaps: files that could not be read.
    """

    saved: tuple[SavedRules, ...] = ()
    nftables: NftablesConf | None = None
    firewalld_interfaces: dict[str, str]
    ufw_enabled: bool = False
    gaps: tuple[Missing, ...] = ()
