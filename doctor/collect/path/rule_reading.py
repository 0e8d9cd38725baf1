"""Lists the rules of the host's namespace, and those of containers on suspicion: by the host's programs, never by a container's."""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.firewall.packet_filter import IPTABLES_TABLES, Firewall, Saved
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists, is_usual
from doctor.facts.path.rules import ipsets
from doctor.facts.path.rules.ipsets import IpSet
from doctor.facts.path.rules.tables import IptablesRules
from doctor.formats.firewall import iptables_save, nft_json
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_TIMEOUT_S = 10.0
_MOST_NAMESPACES = 32
_LARGEST_BYTES = 32 << 20
_ENTERED = 2
"""Place of the program behind nsenter."""
_SET, _QUEUE = "--match-set", " NFQUEUE"
_COMMANDS = {"ip": "iptables", "ip6": "ip6tables"}


def read(
    host: Host, namespaces: NetNamespaces, firewall: Firewall | Missing, networks: Networks | Missing
) -> PathFirewalls:
    """Return the rules; of more than 32 suspicious namespaces the rest has a gap instead of its rules.

    Rules of the host that the fact ``Firewall`` has are not listed again, and those of IPv6 only if a network has IPv6.
    """
    containers: dict[int, RuleLists] = {}
    programs = _Programs(host, [] if isinstance(firewall, Missing) else firewall.gaps)
    for _, namespace in namespaces.own:
        if is_usual(namespace):
            continue
        if len(containers) < _MOST_NAMESPACES:
            containers[namespace.inode] = _lists(
                programs, namespace, ("nsenter", f"--net=/proc/{namespace.pid}/ns/net"), _ReadBefore()
            )
        else:
            gap = Missing(Why.UNREADABLE, f"the rules of only {_MOST_NAMESPACES} containers were read")
            containers[namespace.inode] = RuleLists(gaps=(gap,))
    has_v6 = isinstance(networks, Missing) or any(network.subnets6 for network in networks.items)
    known = _ReadBefore() if isinstance(firewall, Missing) else _known(firewall)
    own = namespaces.host
    if not has_v6:
        own = replace(own, legacy_tables=tuple(name for name in own.legacy_tables if not name.endswith("6")))
        own = replace(own, nft_tables=tuple(one for one in own.nft_tables if not _is_of_iptables(one, "ip6")))
    return PathFirewalls(host=_lists(programs, own, (), known), containers=containers, now=host.now())


class _Programs:
    """The host's programs. One that gave no answer in time is not started again: it would hang once for each container."""

    def __init__(self, host: Host, gaps: Iterable[Missing]) -> None:
        self._host = host
        self._silent = {gap.reason.partition(" ")[0]: gap for gap in gaps if gap.why is Why.TIMED_OUT}

    def output(self, argv: tuple[str, ...]) -> bytes:
        """Return what one prints; raise ``HostError`` if it fails, is too long or has been silent before."""
        program = argv[_ENTERED] if argv[0] == "nsenter" else argv[0]
        if program in self._silent:
            raise HostError(self._silent[program])
        try:
            done = self._host.run(argv, timeout_s=_TIMEOUT_S)
        except HostError as error:
            if error.missing.why is Why.TIMED_OUT:
                self._silent[program] = error.missing
            raise
        if done.exit:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            text = f"{' '.join(argv)}: {said[-1] if said else f'exit code {done.exit}'}"
            raise HostError(Missing(Why.UNREADABLE, text))
        if len(done.stdout) > _LARGEST_BYTES:
            raise HostError(Missing(Why.UNREADABLE, f"{' '.join(argv)}: more than {_LARGEST_BYTES >> 20} MiB"))
        return done.stdout

    def queues(self, net: str) -> frozenset[int] | None:
        """Return the numbers of the queues that programs listen on: no queue without the module of the kernel."""
        try:
            text = self._host.read(HostPath(f"{net}/netfilter/nfnetlink_queue")).decode("ascii", "replace")
        except HostError as error:
            return frozenset() if error.is_absent else None
        return frozenset(
            int(words[0]) for line in text.splitlines() if (words := line.split()) and words[0].isdecimal()
        )


class _ReadBefore(Struct):
    """The part of a host that another fact has read: rules by command, and tables of nftables by family and name."""

    saves: dict[str, Saved] = {}
    tables: dict[tuple[str, str], nft_json.NftRuleset] = {}


def _known(firewall: Firewall) -> _ReadBefore:
    saves = {one.save[0]: one for one in (firewall.v4, firewall.v6, firewall.other) if one is not None}
    tables = {(table.family, table.name): ruleset for table, ruleset in firewall.foreign.items()}
    return _ReadBefore(saves=saves, tables=tables)


def _lists(programs: _Programs, namespace: NetNamespace, prefix: tuple[str, ...], known: _ReadBefore) -> RuleLists:
    """Run only the commands whose tables the kernel has: iptables-legacy would load modules."""
    gaps: list[Missing] = []
    saves = [one for name in _saves(namespace) if (one := _saved(programs, (*prefix, name), gaps, known)) is not None]
    nft, sets = None, {}
    wanted = {table for table in namespace.nft_tables if not _is_of_iptables(table)}
    wanted |= {(save.family, table) for save in saves for table in _opaque(save)}
    if wanted and wanted <= known.tables.keys():
        nft = _joined([known.tables[table] for table in namespace.nft_tables if table in wanted])
    elif wanted:
        nft = _nft(programs, (*prefix, "nft", "-j", "list", "ruleset"), gaps)
    if any(_SET in line for save in saves for line in save.saved.ruleset.lines):
        sets = _sets(programs, (*prefix, "ipset", "save"), gaps)
    queues = None
    if _hands_over(saves, nft):
        queues = programs.queues(f"/proc/{namespace.pid}/net" if prefix else "/proc/net")
    return RuleLists(saves=tuple(saves), sets=sets, nft=nft, queues=queues, gaps=tuple(gaps))


def _hands_over(saves: Iterable[IptablesRules], nft: nft_json.NftRuleset | None) -> bool:
    """Whether a rule hands packets to a program."""
    if any(_QUEUE in line for save in saves for line in save.saved.ruleset.lines):
        return True
    return nft is not None and any("queue" in part for rule in nft.rules for part in rule.expressions)


def _opaque(save: IptablesRules) -> Iterator[str]:
    """Yield the tables of iptables that nft wrote rules into, which iptables then does not show."""
    for line in save.saved.ruleset.lines:
        if line.startswith("# Table `") and "incompatible" in line:
            yield line.split("`", 1)[1].partition("'")[0]


def _is_of_iptables(table: tuple[str, str], family: str = "") -> bool:
    return table[0] in _COMMANDS and table[1] in IPTABLES_TABLES and (not family or table[0] == family)


def _joined(rulesets: list[nft_json.NftRuleset]) -> nft_json.NftRuleset:
    return nft_json.NftRuleset(
        chains=tuple(chain for one in rulesets for chain in one.chains),
        rules=tuple(rule for one in rulesets for rule in one.rules),
        sets={place: item for one in rulesets for place, item in one.sets.items()},
    )


def _saves(namespace: NetNamespace) -> list[str]:
    nft = {family for family, name in namespace.nft_tables if _is_of_iptables((family, name))}
    legacy = {"ip6" if name.endswith("6") else "ip" for name in namespace.legacy_tables}
    return [f"{_COMMANDS[family]}-nft-save" for family in sorted(nft)] + [
        f"{_COMMANDS[family]}-legacy-save" for family in sorted(legacy)
    ]


def _saved(programs: _Programs, argv: tuple[str, ...], gaps: list[Missing], known: _ReadBefore) -> IptablesRules | None:
    if argv[0] in known.saves:
        return IptablesRules.of(known.saves[argv[0]])
    try:
        ruleset = iptables_save.parse(programs.output(argv).decode("utf-8", "surrogateescape"))
    except HostError as error:
        gaps.append(error.missing)
        return None
    except FormatError as error:
        gaps.append(Missing(Why.UNREADABLE, f"{' '.join(argv)}: {error}"))
        return None
    return IptablesRules.of(Saved.of((argv[-1],), ruleset))


def _nft(programs: _Programs, argv: tuple[str, ...], gaps: list[Missing]) -> nft_json.NftRuleset | None:
    try:
        return nft_json.parse(programs.output(argv))
    except HostError as error:
        gaps.append(error.missing)
    except FormatError as error:
        gaps.append(Missing(Why.UNREADABLE, f"{' '.join(argv)}: {error}"))
    return None


def _sets(programs: _Programs, argv: tuple[str, ...], gaps: list[Missing]) -> dict[str, IpSet]:
    try:
        return ipsets.parse(programs.output(argv).decode("utf-8", "surrogateescape"))
    except HostError as error:
        gaps.append(error.missing)
    return {}
