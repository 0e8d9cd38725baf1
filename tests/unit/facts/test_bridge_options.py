"""Whether a network's bridge has to have the gateway's address follows from the options of the network."""

import pytest

from checks.network.bridges.docker0_no_address import docker0_no_address
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.network.links import Link, Links
from doctor.facts.network.networks import Network, Networks

_INHIBIT = {"com.docker.network.bridge.inhibit_ipv4": "true"}


@pytest.mark.parametrize(
    ("options", "internal", "mode", "count"),
    [({}, False, "nat", 1), (_INHIBIT, False, "nat", 0), ({}, True, "isolated", 0), ({}, True, "nat", 1)],
)
def test_a_bridge_without_an_address_by_choice_is_no_fault(
    options: dict[str, str], internal: bool, mode: str, count: int
) -> None:
    """The option inhibit_ipv4 and the gateway mode "isolated" leave the bridge without one."""
    network = Network(
        id="0" * 64,
        name="lan",
        driver="bridge",
        bridge="br-lan",
        gateway="10.1.0.1/24",
        options=options,
        internal=internal,
        gateway_mode=mode,
    )
    links = Links(links=(Link(index=4, name="br-lan", kind="bridge", flags=frozenset({"UP"}), mtu=1500),), routes=())
    assert len([*docker0_no_address(Networks(items=(network,)), links, Sysctl(values={}), HostNetworkFiles())]) == count
