"""Rules of a long chain are found by what they need: with the same verdict as if each was tried."""

import random
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from doctor.facts.path.rules import form
from doctor.facts.path.rules.evaluate import ChainVerdict, Evaluation
from doctor.facts.path.rules.numbers import address
from doctor.facts.path.rules.packet import NOTHING_KNOWN, Packet
from doctor.facts.path.rules.tables import Concern, IptablesRules, saved_tables

ADDRESSES = ("10.0.0.1", "10.0.0.2", "10.0.1.1", "192.0.2.9")
SPANS = ("10.0.0.0/24", "10.0.0.0/30", "10.0.1.0/24", "0.0.0.0/0", "10.0.0.1/32", "10.0.1.1/32")
LINKS = ("eth0", "docker0", "br-app", "veth+", "e+")
TARGETS = ("ACCEPT", "DROP", "RETURN", "MARK --set-xmark 0x1/0xffffffff", "other", "TTL --ttl-set 5")


def option(dice: random.Random, name: str, values: tuple[str, ...]) -> Iterator[str]:
    """An option, now and then, and now and then negated."""
    if dice.random() < 0.35:
        yield from (("!",) if dice.random() < 0.2 else ())
        yield from (name, dice.choice(values))


def rule(dice: random.Random, chain: str) -> str:
    """A random rule."""
    words = ["-A", chain, *option(dice, "-s", SPANS), *option(dice, "-d", SPANS), *option(dice, "-i", LINKS)]
    words += option(dice, "-o", LINKS)
    if dice.random() < 0.4:
        words += ["-p", "tcp", "-m", "tcp", *option(dice, "--sport", ("80", "443", "80:90"))]
        words += option(dice, "--dport", ("80", "443", "1024:65535"))
    words += ["-m", "mark", "--mark", "0x1"] if dice.random() < 0.1 else []
    words += ["-m", "time", "--timestart", "08:00:00"] if dice.random() < 0.1 else []
    return " ".join([*words, "-j", dice.choice(TARGETS)])


def packet(dice: random.Random) -> Packet:
    """A random packet, of which now and then a field is not known."""
    found = Packet(
        source=address(dice.choice(ADDRESSES))[1],  # type: ignore[index]
        destination=address(dice.choice(ADDRESSES))[1],  # type: ignore[index]
        inside=dice.choice(("eth0", "docker0", "br-app", "vethx", "")),
        outside=dice.choice(("eth0", "docker0", "br-app", "")),
        sport=dice.choice((80, 443, 40123)),
        port=dice.choice((80, 443, 8080, 40123)),
        mark=0,
        ttl=64,
    )
    if dice.random() < 0.4:
        name = dice.choice(("source", "destination", "inside", "outside", "sport", "port"))
        found = replace(found, **{name: dice.choice((None, -1)) if name not in {"inside", "outside"} else None})
    return found


def verdicts(text: str, packets: list[Packet]) -> list[ChainVerdict]:
    """The verdict on each packet."""
    tables = saved_tables(IptablesRules.parse("iptables-save", text), {}, Concern())
    chain = tables["filter"][0].get("FORWARD")
    assert chain is not None
    return [Evaluation(tables["filter"][0], NOTHING_KNOWN).run(chain, one) for one in packets]


@pytest.mark.parametrize("seed", range(40))
def test_the_verdict_is_that_of_all_rules(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deciding rule, the doubts and the packet afterwards too."""
    dice = random.Random(seed)
    rules = "\n".join(rule(dice, dice.choice(("FORWARD", "FORWARD", "other"))) for _ in range(40))
    text = f"*filter\n:FORWARD DROP [0:0]\n:other - [0:0]\n{rules.replace('-A other', '-A other')}\nCOMMIT\n"
    text = "\n".join(line for line in text.splitlines() if not (line.startswith("-A other") and "-j other" in line))
    packets = [packet(dice) for _ in range(60)]
    found = verdicts(f"{text}\n", packets)
    monkeypatch.setattr(form, "SHORT", 1 << 20)
    assert [_shown(one) for one in found] == [_shown(one) for one in verdicts(f"{text}\n", packets)]


def _shown(verdict: ChainVerdict) -> tuple[object, ...]:
    return (
        [(end.kind, [one.text for one in end.path], end.packet, end.translation) for end in verdict.ends],
        [one.text for one in verdict.doubts],
    )


def test_few_rules_are_tried_of_a_thousand() -> None:
    """Each names another container: one is left, and the last one about all."""
    rules = "\n".join(f"-A FORWARD -d 10.{n >> 8}.{n & 255}.1/32 -o docker0 -j ACCEPT" for n in range(1000))
    tables = saved_tables(
        IptablesRules.parse("iptables-save", f"*filter\n:FORWARD DROP [0:0]\n{rules}\n-A FORWARD -j REJECT\nCOMMIT\n"),
        {},
        Concern(),
    )
    evaluation = Evaluation(tables["filter"][0], NOTHING_KNOWN)
    chain = tables["filter"][0].get("FORWARD")
    assert chain is not None
    found = evaluation.run(chain, Packet(destination=address("10.1.7.1")[1], outside="eth0"))  # type: ignore[index]
    assert (found.main.kind, evaluation.steps) == ("reject", 2)
