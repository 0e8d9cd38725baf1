"""Networks with a fixed source address for outgoing packets (``com.docker.network.host_ipv4``)."""

from dataclasses import replace

from tests.cases.firewall.host import Host
from tests.cases.firewall.networks import APP, NETWORKS, network
from tests.cases.firewall.rules import SAVE_28
from tests.cases.network.upgrades import Story


def _host(address: str) -> Host:
    made = Host(SAVE_28, "28.5.2")
    app = network(APP, "app", "10.88.0.0/24") | {"Options": {"com.docker.network.host_ipv4": address}}
    made.networks = [NETWORKS[0], app, NETWORKS[2]]
    return made


_GONE = Story(
    check="source-address-gone", name="other-provider", about="the host moved, and the network kept the source address of before",
    host=_host("203.0.113.9"), subject=("network", "app"),
)  # fmt: skip
CASES = (
    _GONE,
    replace(_GONE, name="healthy", about="the uplink has the address", host=_host("198.51.100.1"), subject=None),
)
