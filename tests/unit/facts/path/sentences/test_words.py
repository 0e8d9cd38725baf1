"""Sentences about where a packet ends, where a plain one would mislead."""

from msgspec.structs import replace

from doctor.facts.path.way import Way
from tests.unit.facts.path.small_world import WAYS, container, host, walked, with_link, world


def test_an_address_that_a_new_container_would_get_is_one_that_no_container_has() -> None:
    """The container does not exist: its address is the next free one, invented to follow its packets."""
    small = world()
    new = replace(small.places["bb"], name="a new container on docker0", namespace=container(2, "172.17.0.3"))
    small.places = {"host": small.host, "aa": small.places["aa"], new.name: new}
    found = walked(small, Way(kind="dns", start="aa", end="outside", target="172.17.0.3", port=53, protocol="udp"))
    assert (found.end, found.cause) == ("dropped", "local-address")
    assert found.reason == "docker0: no container has the address 172.17.0.3"


def test_an_uplink_that_became_a_port_of_the_engines_bridge_is_named() -> None:
    """Masqueraded packets leave with the uplink's address, and their answers arrive at the bridge: the sentence says why."""
    found = walked(world(of_host=with_link(host(), "eth0", master=3)), WAYS["egress"])
    print(found.reason)
    assert "which is not its address: eth0, which has it, is a port of docker0 now" in found.reason
