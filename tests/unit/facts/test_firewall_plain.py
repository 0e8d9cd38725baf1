"""The chains that rules of iptables jump to, as their text shows it."""

import pytest

from doctor.facts.firewall.plain import next_chain
from doctor.formats.firewall.iptables_save import parse


@pytest.mark.parametrize(
    ("text", "chain"),
    [
        ("-A DOCKER-USER -j own", "own"),
        ("-A DOCKER-USER -i eth0 -g own", "own"),
        ("-A DOCKER-USER -m comment --comment -j -j own", "own"),
        ('-A DOCKER-USER -m comment --comment "a -j b" -j own', "own"),
        ('-A DOCKER-USER -j LOG --log-prefix "-j b"', "LOG"),
        ("-A DOCKER-USER -m set --match-set bans src", ""),
    ],
)
def test_the_target_of_a_rule(text: str, chain: str) -> None:
    """A comment or a prefix that looks like a target does not count."""
    (rule,) = parse(f"*filter\n:DOCKER-USER - [0:0]\n{text}\nCOMMIT\n").rules
    assert next_chain(rule) == chain
