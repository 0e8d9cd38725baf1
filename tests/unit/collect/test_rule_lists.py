"""Which commands list the rules of a namespace: those whose tables the kernel has, and a container's only on suspicion."""

from pathlib import Path

import pytest

from doctor.collect.path.rule_lists import path_firewalls
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.resolvers import RULES
from doctor.facts.path.rule_lists import is_usual
from doctor.host.base import CommandResult
from doctor.host.noted import NotedHost
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.model.missing import HostError, Missing, Why

NAT = ("ip", "nat")
SAVED = b"*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -m set --match-set bad dst -j DROP\nCOMMIT\n"
SETS = b"create bad hash:ip family inet\nadd bad 192.0.2.1\n"
TABLE = b'{"nftables": [{"chain": {"family": "inet", "table": "mine", "name": "c", "handle": 1}}]}'
UNREAD = Missing(Why.ABSENT, "nobody has read it")
ENTER = ("nsenter", "--net=/proc/900/ns/net")


def container(**given: object) -> NetNamespace:
    """A container's namespace."""
    return NetNamespace(pid=900, inode=5, **given)  # type: ignore[arg-type]


def noted(top: Path, **commands: bytes) -> NotedHost:
    """A host with these programs, with and without nsenter."""
    answers = {}
    for name, printed in commands.items():
        argv = tuple(name.replace("__", " ").replace("_", "-").split())
        answers[argv] = answers[(*ENTER, *argv)] = CommandResult(0, printed, b"")
    return NotedHost(RootHost(str(top), RecordedAnswers(live=True, commands=answers)))


@pytest.mark.parametrize(
    ("namespace", "usual"),
    [
        (container(), True),
        (container(nft_tables=(NAT,)), True),
        (container(nft_tables=(NAT,), nft_rules=RULES), True),
        (container(nft_tables=(NAT,), nft_rules={**RULES, "ip nat OUTPUT": 2}), False),
        (container(nft_tables=(NAT, ("ip", "filter")), nft_rules=RULES), False),
        (container(nft_tables=(("inet", "mine"),)), False),
        (container(legacy_tables=("nat",)), False),
    ],
)
def test_only_what_the_engine_did_not_write_is_suspicious(namespace: NetNamespace, usual: bool, tmp_path: Path) -> None:
    """And nothing is run for the others."""
    assert is_usual(namespace) is usual
    host = noted(tmp_path)
    found = path_firewalls(host, NetNamespaces(host=NetNamespace(), containers={"c": namespace}), UNREAD, UNREAD)
    assert set(found.containers) == (set() if usual else {5})
    assert bool(host.notes.asked) is not usual


def test_each_backend_is_listed_by_its_own_program(tmp_path: Path) -> None:
    """Both families, sets that rules name, and nftables as a whole."""
    host = noted(tmp_path, iptables_nft_save=SAVED, ip6tables_legacy_save=b"", ipset__save=SETS)
    host.below.answers.commands[("nft", "-j", "list", "ruleset")] = CommandResult(0, TABLE, b"")  # type: ignore[attr-defined]
    own = NetNamespace(nft_tables=(NAT, ("inet", "mine")), legacy_tables=("filter6",))
    found = path_firewalls(host, NetNamespaces(host=own), UNREAD, UNREAD).host
    assert [save.backend for save in found.saves] == ["iptables", "ip6tables-legacy"]
    assert set(found.sets) == {"bad"}
    assert found.nft is not None
    assert [chain.name for chain in found.nft.chains] == ["c"]
    assert found.gaps == ()
    assert ("ip6tables-nft-save",) not in host.notes.asked


def test_a_program_that_fails_is_a_gap(tmp_path: Path) -> None:
    """No verdict about a packet is certain then."""
    host = noted(tmp_path)
    namespace = container(nft_tables=(NAT, ("inet", "mine")))
    found = path_firewalls(
        host, NetNamespaces(host=NetNamespace(), containers={"c": namespace}), UNREAD, UNREAD
    ).containers[5]
    assert len(found.gaps) == 2
    assert (*ENTER, "iptables-nft-save") in host.notes.asked


class SilentHost(RootHost):
    """A host of which one program never answers; `started` lists how it was started."""

    def __init__(self, top: Path, program: str) -> None:
        super().__init__(str(top), RecordedAnswers(live=True))
        self.program, self.started = program, list[tuple[str, ...]]()

    def run(self, argv: tuple[str, ...], *, timeout_s: float = 5.0, stdin: bytes = b"") -> CommandResult:  # noqa: ARG002
        """Give up for the one, print nothing for the others."""
        if self.program not in argv:
            return CommandResult(0, b"", b"")
        self.started.append(argv)
        raise HostError(Missing(Why.TIMED_OUT, f"{' '.join(argv)}: no answer within {timeout_s:g} s"))


@pytest.mark.parametrize(
    ("program", "tables"), [("nft", (("inet", "mine"),)), ("iptables-nft-save", (("ip", "filter"),))]
)
def test_a_program_that_hangs_is_started_once(
    program: str, tables: tuple[tuple[str, str], ...], tmp_path: Path
) -> None:
    """Ten seconds for the first of many containers, and none for the host; none at all where the rules of the host hung before."""
    own = NetNamespace(nft_tables=tables)
    spaces = {str(number): NetNamespace(pid=number, inode=number, nft_tables=tables) for number in range(1, 20)}
    host = SilentHost(tmp_path, program)
    found = path_firewalls(host, NetNamespaces(host=own, containers=spaces), UNREAD, UNREAD)
    assert len(host.started) == 1
    assert all(lists.gaps for lists in (found.host, *found.containers.values()))
    hung = Missing(Why.TIMED_OUT, f"{program} -j list tables: no answer within 10 s")
    host = SilentHost(tmp_path, program)
    found = path_firewalls(host, NetNamespaces(host=own, containers=spaces), Firewall(gaps=(hung,)), UNREAD)
    assert (host.started, found.host.gaps) == ([], (hung,))
