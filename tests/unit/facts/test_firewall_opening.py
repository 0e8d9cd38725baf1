"""Openings by a change of rules: no newly accepted packet is missed, and the engine's own rules open no more than they say."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from doctor.facts.firewall.guard import Guard
from doctor.facts.firewall.opening import newly_reachable, unexcused
from doctor.facts.firewall.packet_filter import Firewall, Saved
from doctor.facts.firewall.walk import Walker
from doctor.facts.firewall.ways import surface
from doctor.facts.network.links import Address, Link, Links, Route
from doctor.facts.network.networks import Network, Networks
from doctor.facts.path.rules.numbers import address_number
from doctor.facts.path.rules.packet import Packet
from doctor.formats.firewall import iptables_save
from doctor.model.missing import Missing
from doctor.model.severity import Applicability, Severity
from doctor.plugins.load import load
from doctor.repair.planning.choose import parse
from doctor.repair.planning.plan import Plan, make_plan
from doctor.scan.run import scan
from tests.cases.case import Case, all_cases
from tests.cases.firewall.host import Host
from tests.cases.firewall.rules import FILTER_26
from tests.cases.firewall.story import case as story

NETWORKS = Networks(
    items=(Network(id="a" * 64, name="bridge", driver="bridge", bridge="docker0", subnets=("172.17.0.0/16",)),)
)
LINKS = Links(
    links=tuple(
        Link(index=index, name=name, flags=frozenset({"UP"}), mtu=1500, addresses=(_address,))
        for index, (name, _address) in enumerate(
            {
                "eth0": Address(family="inet", address="192.0.2.5", prefix=24, scope="global"),
                "eth1": Address(family="inet", address="192.168.1.1", prefix=24, scope="global"),
            }.items(),
            start=1,
        )
    ),
    routes=(Route(destination="default", device="eth0", gateway="192.0.2.1"),),
)
OWN = frozenset(line for line in FILTER_26.splitlines() if line.startswith("-A "))
SOURCES = ("10.1.2.3", "203.0.113.7", "198.51.100.2")
RULES = tuple(
    f"-A CHAIN{source}{inside}{rest} -j {target}"
    for source in ("", " -s 10.0.0.0/8", " ! -s 10.0.0.0/8", " -s 203.0.113.0/24")
    for inside in ("", " -i eth0", " -o docker0", " -i eth1")
    for rest in ("", " -p tcp -m tcp --dport 80", " -m conntrack --ctstate NEW")
    for target in ("DROP", "ACCEPT", "RETURN", "REJECT")
)


def firewall(text: str) -> Firewall:
    saved = Saved.of(("iptables-nft-save",), iptables_save.parse(text))
    return Firewall(backend="nft", v4=saved)


def with_rules(rules: list[tuple[str, str, int]], policy: str) -> str:
    """The healthy rules with others among them: each a text, its chain, and how far from the top of that chain."""
    lines = FILTER_26.replace(":FORWARD DROP", f":FORWARD {policy}").splitlines()
    for text, chain, place in rules:
        first = next(number for number, line in enumerate(lines) if line.startswith(f"-A {chain} "))
        count = sum(line.startswith(f"-A {chain} ") for line in lines)
        lines.insert(first + min(place, count), text.replace("CHAIN", chain))
    return "\n".join(lines) + "\n"


def passed(rules: Firewall) -> set[tuple[str, str, int]]:
    """Which concrete packets get through FORWARD."""
    assert rules.v4 is not None
    walker = Walker(rules.v4)
    found = set()
    for source in SOURCES:
        for inside, outside, destination in (("eth0", "docker0", "172.17.0.2"), ("eth0", "eth1", "192.168.1.9")):
            for port in (80, 81):
                packet = Packet(
                    inside=inside,
                    outside=outside,
                    source=address_number(source),
                    destination=address_number(destination),
                    port=port,
                )
                if walker.verdict("filter", "FORWARD", packet).target not in {"drop", "reject"}:
                    found.add((source, outside, port))
    return found


PLACED = st.lists(
    st.tuples(st.sampled_from(RULES), st.sampled_from(["FORWARD", "DOCKER-USER"]), st.integers(0, 12)), max_size=4
)
POLICY = st.sampled_from(["DROP", "ACCEPT"])


RETURNS_BEFORE_DROP = [
    ("-A CHAIN -j DROP", "FORWARD", 0),
    ("-A CHAIN -i eth0 -p tcp -m tcp --dport 80 -j RETURN", "FORWARD", 0),
]
"""Packets that leave FORWARD reach its policy, although a rule drops all others."""


@given(PLACED, PLACED, st.booleans(), POLICY, POLICY)
@example(first=[], second=RETURNS_BEFORE_DROP, keep=False, old="DROP", new="ACCEPT")
def test_no_packet_that_newly_gets_through_is_missed(
    first: list[tuple[str, str, int]], second: list[tuple[str, str, int]], keep: bool, old: str, new: str
) -> None:
    """The model walks classes of packets; single ones, walked one by one, never find a hole that it did not."""
    before = firewall(with_rules(first, old))
    after = firewall(with_rules(first[:2] + second if keep else second, new))
    opened = passed(after) - passed(before)
    found = newly_reachable(surface(before, NETWORKS, LINKS), surface(after, NETWORKS, LINKS))
    assert found or not opened, opened


@given(PLACED, POLICY)
def test_nothing_opens_where_nothing_changes(rules: list[tuple[str, str, int]], policy: str) -> None:
    same = firewall(with_rules(rules, policy))
    assert newly_reachable(surface(same, NETWORKS, LINKS), surface(same, NETWORKS, LINKS)) == ()


def opened(before: str, after: str, *passes: Guard) -> list[str]:
    """Return the openings that are not excused, by the rule that accepts them."""
    old, new = firewall(before), firewall(after)
    then = surface(new, NETWORKS, LINKS)
    found = newly_reachable(surface(old, NETWORKS, LINKS, without=passes), then)
    return [opening.by for opening in unexcused(found, old, then, OWN)]


def test_the_engines_rules_pass_the_policy_and_nothing_else() -> None:
    """Rules that were flushed are restored: they open published ports, past the policy alone, or below what stood there."""
    rules = [line for line in FILTER_26.splitlines() if line.startswith("-A FORWARD")]
    flushed = "\n".join(line for line in FILTER_26.splitlines() if line not in rules) + "\n"
    assert opened(flushed, FILTER_26) == []
    wish = "-A FORWARD ! -s 10.0.0.0/8 -i eth0 -j DROP\n"
    closed = flushed.replace("-A DOCKER -d", wish + "-A DOCKER -d", 1)
    above = FILTER_26.replace("-A DOCKER -d", wish + "-A DOCKER -d", 1)
    below = FILTER_26.replace("-A FORWARD -j DOCKER-USER", wish + "-A FORWARD -j DOCKER-USER")
    assert opened(closed, above) != []
    assert opened(closed, below) == []


def test_a_rule_that_was_named_may_be_passed_and_no_other() -> None:
    last, wish = "-A FORWARD -j REJECT", "-A FORWARD -s 203.0.113.0/24 -j DROP"
    head = "-A FORWARD -j DOCKER-USER"
    before = FILTER_26.replace(head, f"{last}\n{head}")
    lifted = FILTER_26.replace("-A DOCKER -d", f"{last}\n-A DOCKER -d", 1)
    named = Guard(table="filter", chain="FORWARD", text=last)
    assert opened(before, lifted, named) == []
    assert opened(before, lifted) != []
    # A rule below the named one would have had its say, and loses it.
    assert opened(before.replace(last, f"{last}\n{wish}"), lifted.replace(last, f"{last}\n{wish}"), named) != []


def test_an_open_policy_makes_a_router_and_is_reported() -> None:
    assert opened(FILTER_26, FILTER_26.replace(":FORWARD DROP", ":FORWARD ACCEPT")) != []
    assert opened(FILTER_26.replace(":FORWARD DROP", ":FORWARD ACCEPT"), FILTER_26) == []


def of(host: Host) -> Case:
    """A host of the firewall cases that is not a case."""
    return story("rule-missing", "none", "", host).case()


def test_a_plan_that_would_open_more_than_it_says_becomes_a_question(tmp_path: Path) -> None:
    """A firewall's last rule above an administrator's drop: moving Docker's rules above the first would pass the second too."""
    head, wish = "-A FORWARD -j DOCKER-USER", "-A FORWARD -s 203.0.113.0/24 -i eth0 -j DROP"
    host = Host().put("-A FORWARD -j REJECT", head).put(wish, head)
    plan = plan_of(of(host), tmp_path / "first")
    assert plan.actions == ()
    (question,) = [question for manual in plan.manual for question in manual.questions]
    assert question.text == "whether to open what a rule of this host closes"
    assert wish in question.candidates[0].evidence[0].value
    identity = "firewall/foreign-reject-first"
    chosen = plan_of(of(host), tmp_path / "second", choose=(f"{identity}=open",))
    assert len(chosen.actions) == 1


WISHES = [case for case in all_cases() if case.area == "firewall" and "wish-" in case.name]


def plan_of(case: Case, where: Path, *, choose: tuple[str, ...] = ()) -> Plan:
    host = case.build(where)
    ids = [identity for identity in load().checks if identity.startswith("firewall/")]
    return make_plan(host, load(), ids, allow=Applicability.DESTRUCTIVE, choices=tuple(parse(text) for text in choose))


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in WISHES])
def test_a_rule_that_names_traffic_loses_its_force_only_where_a_person_says_so(case: Case, tmp_path: Path) -> None:
    plan = plan_of(case, tmp_path / "first")
    assert plan.actions == ()
    (question,) = [question for manual in plan.manual for question in manual.questions]
    (candidate,) = question.candidates
    name = "above" if "nft" not in plan.before.findings[0].subject.kind else "pass"
    assert candidate.option.endswith((f"={name}'", f"={name}"))
    identity = plan.before.findings[0].id
    chosen = plan_of(case, tmp_path / "second", choose=(f"{identity}={name}",))
    assert len(chosen.actions) == 1
    assert plan.before.findings[0] in chosen.resolves


EXAMPLES = (
    ("-A DOCKER-USER -p tcp -m conntrack --ctorigdst 198.51.100.2 --ctorigdstport 80 -j ACCEPT",
     "-A DOCKER-USER -p tcp -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"),
    ("-A DOCKER-USER -i eth0 -o eth1 -j ACCEPT",),
    ("-A DOCKER-USER ! -s 192.0.2.2/32 -i eth0 -j DROP",),
    ("-A DOCKER-USER ! -s 192.0.2.0/24 -i eth0 -j DROP",),
    ("-A DOCKER-USER -i eth0 -m iprange ! --src-range 192.0.2.1-192.0.2.3 -j DROP",),
    ("-A DOCKER-USER ! -s 192.0.2.0/24 -d 172.17.0.2/32 -i eth0 -j DROP",),
    ("-A DOCKER-USER -m state --state RELATED,ESTABLISHED -j ACCEPT", "-A DOCKER-USER ! -s 192.0.2.2/32 -i eth0 -j DROP"),
    ("-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "-A DOCKER-USER -i eth0 -j DROP"),
)  # fmt: skip
"""Docker's documentation, "Docker with iptables" and "Packet filtering and firewalls", as iptables-save spells them."""


@pytest.mark.parametrize("rules", EXAMPLES)
def test_no_example_of_dockers_documentation_is_a_warning(rules: tuple[str, ...], tmp_path: Path) -> None:
    host = Host()
    for rule in reversed(rules):
        host.put(rule, "-A DOCKER-USER")
    case = of(host)
    ids = [identity for identity in load().checks if identity.startswith("firewall/")]
    found = scan(case.build(tmp_path / "host"), load(), ids)
    assert [finding.message for finding in found.findings if finding.level > Severity.INFO] == []
    assert not isinstance(found.facts.get(Firewall), Missing)
