"""Files with firewall rules that are loaded at boot or reload: saved rules, nftables.conf, firewalld, ufw."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class SavedRules(Struct, frozen=True, kw_only=True):
    """A file that iptables-restore or nft loads at boot, with its rules for one family.

    Attributes:
        service: the service that loads it ("netfilter-persistent").
        is_loaded: whether that service is enabled.
        version: 4 or 6.
        user_chains: DOCKER-USER and the chains it jumps to, as in the file.
        user_words: the rules of DOCKER-USER in nft syntax, if iptables can't express one; ``user_chains`` is empty then.
        tables: that it has, with their lines: iptables-restore flushes them; ``keeps_others`` whether its service runs it without that.
        engine_lines: its lines that belong to the engine (chains, their rules, jumps to them), with numbers from 1.
    """

    path: HostPath
    service: str
    is_loaded: bool
    version: int = 4
    user_chains: dict[str, tuple[str, ...]] = {}
    user_words: tuple[str, ...] = ()
    tables: dict[str, int] = {}
    keeps_others: bool = False
    engine_lines: tuple[tuple[int, str], ...] = ()


class NftablesConf(Struct, frozen=True, kw_only=True):
    """The file that the nftables service loads.

    Attributes:
        is_enabled: whether the service is enabled.
        flush_line: line number of ``flush ruleset``, 0 for none.
    """

    path: HostPath
    is_enabled: bool
    flush_line: int = 0


class FirewallFiles(Struct, frozen=True, kw_only=True):
    """The configured rules, whether the kernel has them or not.

    Attributes:
        saved: saved rule files that exist, and files for nft that have rules of DOCKER-USER.
        nftables: the service's file, ``None`` if it does not exist.
        firewalld_interfaces: interface → zone, from zone files in /etc/firewalld; ``docker`` if that is one of several.
        ufw_enabled: ``ENABLED=yes`` in /etc/ufw/ufw.conf; ``ufw_flush_line`` that of ``MANAGE_BUILTINS=yes`` in /etc/default/ufw, 0 for none.
        gaps: files that could not be read.
    """

    saved: tuple[SavedRules, ...] = ()
    nftables: NftablesConf | None = None
    firewalld_interfaces: dict[str, str]
    ufw_enabled: bool = False
    ufw_flush_line: int = 0
    gaps: tuple[Missing, ...] = ()
