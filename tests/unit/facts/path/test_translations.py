"""Sources that rules of others give to packets: an address of the loopback is wrong if nobody announced it at the last healthy scan."""

import pytest

from checks.firewall.path_rules.foreign_snat import foreign_snat
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.firewall.ends.rule_place import RulePlace
from doctor.facts.firewall.translations import RENAMED, Translation, Translations
from doctor.facts.path.namespace import NetAddress, NetNamespace
from doctor.model.missing import Missing, Why
from doctor.model.paths import HostPath

_PLACE = RulePlace(
    family="ip",
    table="nat",
    chain="POSTROUTING",
    backend="iptables-nft-save",
    text="-A POSTROUTING -o eth0 -j SNAT --to-source 203.0.113.5",
)
_NONE = Missing(Why.ABSENT, "no record")


def _kept(*addresses: str) -> HealthyNetwork:
    found = tuple(NetAddress(link=1, version=4, address=one, prefix=32) for one in addresses)
    return HealthyNetwork(path=HostPath("/x"), when="yesterday", namespace=NetNamespace(addresses=found))


@pytest.mark.parametrize(
    ("holder", "record", "words"),
    [
        ("", _NONE, "which no interface of this host has"),
        ("lo", _kept("127.0.0.1"), "which only lo of this host has"),
        ("lo", _kept("203.0.113.5"), ""),
        ("lo", _NONE, ""),
    ],
)
def test_a_source_that_only_the_loopback_has_is_wrong_if_it_is_new(
    holder: str, record: HealthyNetwork | Missing, words: str
) -> None:
    item = Translation(kind=RENAMED, place=_PLACE, packets=("outgoing packets",), target="203.0.113.5", holder=holder)
    found = list(foreign_snat(Translations(items=(item,)), _NONE, record))
    assert [words in one.message for one in found] == ([True] if words else [])
