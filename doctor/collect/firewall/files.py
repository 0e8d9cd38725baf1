"""Reads the files with firewall rules that are loaded at boot."""

import re

from doctor.collect.firewall.nft_user_rules import ROOTS, user_rules
from doctor.facts.firewall.files import FirewallFiles, NftablesConf, SavedRules
from doctor.facts.firewall.packet_filter import Saved
from doctor.facts.firewall.user_chain import CHAIN, led_to
from doctor.formats.firewall import iptables_save
from doctor.formats.firewall.iptables_strip import engine_lines
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath

_PERSISTENT = "netfilter-persistent"
_PERSISTENT_SETTINGS = HostPath("/etc/default/netfilter-persistent")
_SAVED = (
    ("/etc/iptables/rules.v4", _PERSISTENT),
    ("/etc/iptables/rules.v6", _PERSISTENT),
    ("/etc/sysconfig/iptables", "iptables"),
    ("/etc/sysconfig/ip6tables", "ip6tables"),
    ("/var/lib/iptables/rules-save", "iptables"),
)
_WANTS = ("sysinit.target.wants", "multi-user.target.wants", "network-pre.target.wants", "basic.target.wants")
_ZONES = HostPath("/etc/firewalld/zones")
_ENGINE_ZONE = "docker.xml"
# Blanks, not \s: that would match all following empty lines, again from each of them.
_FLUSH = re.compile(r"^[ \t]*flush[ \t]+ruleset\b", re.MULTILINE)
_UFW_ENABLED = re.compile(r"^[ \t]*ENABLED[ \t]*=[ \t]*[\"']?yes\b", re.MULTILINE | re.IGNORECASE)
_NO_FLUSH = re.compile(r"^[ \t]*IPTABLES_RESTORE_NOFLUSH[ \t]*=[ \t]*[\"']?yes\b", re.MULTILINE | re.IGNORECASE)
_UFW_FLUSHES = re.compile(r"^[ \t]*MANAGE_BUILTINS[ \t]*=[ \t]*[\"']?yes\b", re.MULTILINE | re.IGNORECASE)
_INTERFACE = re.compile(r"<interface\s+name=[\"']([^\"']+)[\"']")


@collector
def firewall_files(host: Host) -> FirewallFiles:
    """Return the configured rules."""
    reader = _FileReader(host)
    saved = []
    for path, service in _SAVED:
        text = reader.text(HostPath(path))
        if text is not None:
            saved.append(
                SavedRules(
                    path=HostPath(path),
                    service=service,
                    is_loaded=reader.is_enabled(service),
                    version=6 if "v6" in path or "ip6" in path else 4,
                    user_chains=_user_chains(text),
                    tables=_tables(text),
                    keeps_others=service == _PERSISTENT and _line(reader.text(_PERSISTENT_SETTINGS), _NO_FLUSH) > 0,
                    engine_lines=engine_lines(text),
                )
            )
    ufw = reader.text(HostPath("/etc/ufw/ufw.conf")) or ""
    is_ufw = _UFW_ENABLED.search(ufw) is not None
    return FirewallFiles(
        saved=(*saved, *user_rules(host, lambda: reader.is_enabled("nftables"))),
        nftables=reader.nftables(),
        firewalld_interfaces=reader.zones(),
        ufw_enabled=is_ufw,
        ufw_flush_line=_line(reader.text(HostPath("/etc/default/ufw")), _UFW_FLUSHES) if is_ufw else 0,
        gaps=tuple(reader.gaps),
    )


def _tables(text: str) -> dict[str, int]:
    lines = enumerate(text.split("\n"), 1)
    return {line[1:].strip(): number for number, line in lines if line.startswith("*")}


def _line(text: str | None, pattern: re.Pattern[str]) -> int:
    """Return the number of the line that matches, 0 for none."""
    found = pattern.search(text or "")
    return (text or "").count("\n", 0, found.end()) + 1 if found else 0


def _user_chains(text: str) -> dict[str, tuple[str, ...]]:
    if CHAIN not in text:
        return {}
    try:
        return led_to(Saved.of(("iptables-save",), iptables_save.parse(text)))
    except FormatError:
        return {}


class _FileReader:
    def __init__(self, host: Host) -> None:
        self.host = host
        self.gaps: list[Missing] = []

    def text(self, path: HostPath) -> str | None:
        try:
            return self.host.read(path).decode("utf-8", "surrogateescape")
        except HostError as error:
            if not error.is_absent:
                self.gaps.append(error.missing)
            return None

    def is_enabled(self, service: str) -> bool:
        """Whether a service starts at boot: systemd's links, OpenRC's run levels."""
        links = (f"/etc/systemd/system/{wants}/{service}.service" for wants in _WANTS)
        levels = (f"/etc/runlevels/{level}/{service}" for level in ("boot", "default", "sysinit"))
        return any(self.host.exists(HostPath(path)) for path in (*links, *levels))

    def nftables(self) -> NftablesConf | None:
        for path in ROOTS:
            text = self.text(path)
            if text is not None:
                return NftablesConf(
                    path=path,
                    is_enabled=self.is_enabled("nftables"),
                    flush_line=_line(text, _FLUSH),
                )
        return None

    def zones(self) -> dict[str, str]:
        try:
            names = self.host.listdir(_ZONES)
        except HostError:
            return {}
        found: dict[str, str] = {}
        own: list[str] = []
        for name in names:
            if name.endswith(".xml"):
                text = self.text(HostPath(f"{_ZONES}/{name}")) or ""
                found |= dict.fromkeys(_INTERFACE.findall(text), name.removesuffix(".xml"))
                own += _INTERFACE.findall(text) if name == _ENGINE_ZONE else []
        # An interface in two files is in one of the two zones; the files do not show in which.
        return found | dict.fromkeys(own, _ENGINE_ZONE.removesuffix(".xml"))
