"""Claims about healthy hosts that were wrong once: the odd hosts (`python -m tests.hosts.odd`) showed them."""

import pytest
from msgspec.structs import replace

from tests.unit.facts.path.small_world import ENGINE, WAYS, walked, world


@pytest.mark.parametrize(
    ("match", "end"), [("-m socket", "unknown"), ("-s 203.0.113.0/24", "delivered"), ("-s 198.51.100.7/32", "dropped")]
)
def test_an_answer_that_may_be_untracked_is_doubt(match: str, end: str) -> None:
    """It keeps the address that it came to, unless its connection is known: nobody can say which."""
    rule = f"-A PREROUTING -i eth0 -p udp -m udp --sport 53 {match} -j CT --notrack"
    saved = f"*raw\n:PREROUTING ACCEPT [0:0]\n{rule}\nCOMMIT\n{ENGINE}"
    found = walked(world(saved=saved), replace(WAYS["egress"], protocol="udp", port=53))
    assert found.end == end, found.says
