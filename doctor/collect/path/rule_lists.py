"""Lists the rules of the host's namespace, and those of containers on suspicion: by the host's programs, never by a container's."""

from doctor.facts.firewall.packet_filter import IPTABLES_TABLES, Saved
from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists, is_usual
from doctor.facts.path.rules import ipsets
from doctor.facts.path.rules.ipsets import IpSet
from doctor.facts.path.rules.tables import IptablesRules
from doctor.formats.firewall import iptables_save, nft_json
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why

_TIMEOUT_S = 10.0
_MOST_NAMESPACES = 32
_LARGEST_BYTES = 32 << 20
_SET = "--match-set"
_COMMANDS = {"ip": "iptables", "ip6": "ip6tables"}


@collector
def path_firewalls(host: Host, namespaces: NetNamespaces) -> PathFirewalls:
    """Return them; of more than 32 suspicious namespaces the rest has a gap instead of its rules."""
    containers: dict[int, RuleLists] = {}
    for _, namespace in namespaces.own:
        if is_usual(namespace):
            continue
        if len(containers) < _MOST_NAMESPACES:
            containers[namespace.inode] = _lists(host, namespace, ("nsenter", f"--net=/proc/{namespace.pid}/ns/net"))
        else:
            gap = Missing(Why.UNREADABLE, f"the rules of only {_MOST_NAMESPACES} containers were read")
            containers[namespace.inode] = RuleLists(gaps=(gap,))
    return PathFirewalls(host=_lists(host, namespaces.host, ()), containers=containers)


def _lists(host: Host, namespace: NetNamespace, prefix: tuple[str, ...]) -> RuleLists:
    """Run only the commands whose tables the kernel has: iptables-legacy would load modules."""
    gaps: list[Missing] = []
    saves = [one for name in _saves(namespace) if (one := _saved(host, (*prefix, name), gaps)) is not None]
    nft, sets = None, {}
    if any(not _is_of_iptables(table) for table in namespace.nft_tables) or any(map(_is_opaque, saves)):
        nft = _nft(host, (*prefix, "nft", "-j", "list", "ruleset"), gaps)
    if any(_SET in line for save in saves for line in save.saved.ruleset.lines):
        sets = _sets(host, (*prefix, "ipset", "save"), gaps)
    return RuleLists(saves=tuple(saves), sets=sets, nft=nft, gaps=tuple(gaps))


def _is_opaque(save: IptablesRules) -> bool:
    """Whether nft wrote rules into a table of iptables, which then does not show it."""
    return any(line.startswith("# Table `") and "incompatible" in line for line in save.saved.ruleset.lines)


def _is_of_iptables(table: tuple[str, str]) -> bool:
    return table[0] in _COMMANDS and table[1] in IPTABLES_TABLES


def _saves(namespace: NetNamespace) -> list[str]:
    nft = {family for family, name in namespace.nft_tables if _is_of_iptables((family, name))}
    legacy = {"ip6" if name.endswith("6") else "ip" for name in namespace.legacy_tables}
    return [f"{_COMMANDS[family]}-nft-save" for family in sorted(nft)] + [
        f"{_COMMANDS[family]}-legacy-save" for family in sorted(legacy)
    ]


def _saved(host: Host, argv: tuple[str, ...], gaps: list[Missing]) -> IptablesRules | None:
    try:
        ruleset = iptables_save.parse(_output(host, argv).decode("utf-8", "surrogateescape"))
    except HostError as error:
        gaps.append(error.missing)
        return None
    except FormatError as error:
        gaps.append(Missing(Why.UNREADABLE, f"{' '.join(argv)}: {error}"))
        return None
    return IptablesRules.of(Saved.of((argv[-1],), ruleset))


def _nft(host: Host, argv: tuple[str, ...], gaps: list[Missing]) -> nft_json.NftRuleset | None:
    try:
        return nft_json.parse(_output(host, argv))
    except HostError as error:
        gaps.append(error.missing)
    except FormatError as error:
        gaps.append(Missing(Why.UNREADABLE, f"{' '.join(argv)}: {error}"))
    return None


def _sets(host: Host, argv: tuple[str, ...], gaps: list[Missing]) -> dict[str, IpSet]:
    try:
        return ipsets.parse(_output(host, argv).decode("utf-8", "surrogateescape"))
    except HostError as error:
        gaps.append(error.missing)
    return {}


def _output(host: Host, argv: tuple[str, ...]) -> bytes:
    done = host.run(argv, timeout_s=_TIMEOUT_S)
    if done.exit:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise HostError(Missing(Why.UNREADABLE, f"{' '.join(argv)}: {said[-1] if said else f'exit code {done.exit}'}"))
    if len(done.stdout) > _LARGEST_BYTES:
        raise HostError(Missing(Why.UNREADABLE, f"{' '.join(argv)}: more than {_LARGEST_BYTES >> 20} MiB"))
    return done.stdout
