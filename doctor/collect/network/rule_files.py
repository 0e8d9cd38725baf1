"""Reads the files that load rules of packet filters."""

import re
from collections.abc import Callable, Iterator

from doctor.collect.firewall.nft_user_rules import ROOTS, IncludeReader
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.network.rule_files import RuleFiles, nft_words
from doctor.formats.firewall.nft_script import policies_of, rules_of
from doctor.formats.network import rule_lines
from doctor.formats.network.rule_lines import RuleLine
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath

_RESTORED = (
    ("/etc/iptables/rules.v4", "ip"),
    ("/etc/iptables/rules.v6", "ip6"),
    ("/etc/sysconfig/iptables", "ip"),
    ("/etc/sysconfig/ip6tables", "ip6"),
    ("/var/lib/iptables/rules-save", "ip"),
    *((f"/etc/ufw/{name}.rules", "ip") for name in ("before", "user", "after")),
    *((f"/etc/ufw/{name}6.rules", "ip6") for name in ("before", "user", "after")),
)
_DIRECT = HostPath("/etc/firewalld/direct.xml")
_FIREWALLD = (HostPath("/etc/firewalld/zones"), HostPath("/etc/firewalld/policies"))
_ENDS = r"<(?:reject|drop)\b|\btarget\s*=\s*[\"'](?:DROP|REJECT|%%REJECT%%)[\"']"
_UFW = HostPath("/etc/default/ufw")
_POLICY = "DEFAULT_FORWARD_POLICY="


@collector
def rule_files(host: Host, files: HostNetworkFiles) -> RuleFiles:
    """Return their rules; absent if nothing is wrong with the network."""
    from doctor.collect.network.config_reader import ConfigReader  # noqa: PLC0415 - only where something is wrong

    reader = ConfigReader(host)
    lines = list[RuleLine]()
    for path, family in _RESTORED:
        lines += rule_lines.restore(reader.text(HostPath(path)), path, family)
    lines += rule_lines.direct(reader.text(_DIRECT), _DIRECT)
    for one in files.commands:
        lines += rule_lines.command(one.words, one.path, one.line)
    lines += _of_nft(host, reader.gaps)
    policy, zones = _policy(reader.text(_UFW)), dict(_zones(host, reader.text))
    return RuleFiles(lines=tuple(lines), forward_policy=policy, zones=zones, gaps=tuple(reader.gaps))


def _zones(host: Host, text: Callable[[HostPath], str]) -> Iterator[tuple[str, str]]:
    """Yield zones and policies of firewalld that drop or reject, with the place of the first such line."""
    for directory in _FIREWALLD:
        try:
            names = host.listdir(directory)
        except HostError:
            continue
        for name in sorted(names):
            path = HostPath(f"{directory}/{name}")
            found = re.search(_ENDS, text(path)) if name.endswith(".xml") else None
            if found:
                line = found.string.count("\n", 0, found.start()) + 1
                yield name.removesuffix(".xml"), f"{path}:{line}"


def _policy(text: str) -> str:
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(_POLICY) and line.partition("=")[2].strip().strip("\"'").upper() == "DROP":
            return f"{_UFW}:{number}"
    return ""


def _of_nft(host: Host, gaps: list[Missing]) -> Iterator[RuleLine]:
    include = IncludeReader(host)
    path = next((path for path in ROOTS if host.exists(path)), None)
    if path is None:
        return
    try:
        rules = rules_of(path, include.text(path), include.include)
        policies = policies_of(path, include.text(path), include.include)
    except FormatError:
        # nft does not load it either.
        return
    except HostError as error:
        gaps.append(error.missing)
        return
    for (family, table, chain), found in rules.items():
        for rule in found:
            words = nft_words(rule.words)
            yield RuleLine(family=family, table=table, chain=chain, words=words, path=rule.path, line=rule.line)
    for (family, table, chain), rule in policies.items():
        yield RuleLine(family=family, table=table, chain=chain, words=(), path=rule.path, line=rule.line)
