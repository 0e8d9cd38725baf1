"""Finds default gateways in the leases of DHCP clients, and in NetworkManager's state of an interface.

Each function takes a file's text and returns its gateways, without validating addresses; other text yields none.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from doctor.formats.network.ini_sections import sections

_ROUTERS = re.compile(r"^\s*option\s+routers\s+([0-9.]+)", re.MULTILINE)
_LEASE = re.compile(r"^lease\s*\{(.*?)^\}", re.MULTILINE | re.DOTALL)
_INTERFACE = re.compile(r"^\s*interface\s+\"([^\"]+)\"", re.MULTILINE)


class Gateway(Struct, frozen=True):
    """A gateway, the interface it is for (a shell pattern; "" if the file names none), and the route's metric."""

    device: str
    address: str
    metric: int = 0


def dhclient(text: str) -> Iterator[Gateway]:
    r"""Yield the last lease's, interface by interface, of a file of dhclient.

    >>> list(dhclient('lease {\n  interface "eth0";\n  option routers 192.0.2.1;\n}\n'))
    [Gateway(device='eth0', address='192.0.2.1', metric=0)]
    """
    last: dict[str, str] = {}
    for lease in _LEASE.findall(text):
        device, router = _INTERFACE.search(lease), _ROUTERS.search(lease)
        if device and router:
            last[device[1]] = router[1]
    yield from (Gateway(device, address) for device, address in last.items())


def lease(text: str, device: str) -> Iterator[Gateway]:
    r"""Yield that of a lease of systemd-networkd or NetworkManager's own client, which are lines of KEY=VALUE."""
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key == "ROUTER" and value.split():
            yield Gateway(device, value.split()[0])


def device_state(text: str, device: str) -> Iterator[Gateway]:
    r"""Yield the routers that a DHCP server named, in NetworkManager's state of an interface.

    >>> list(device_state("[dhcp4]\nrouters=192.0.2.1\nnext_server=192.0.2.9\n", "eth0"))
    [Gateway(device='eth0', address='192.0.2.1', metric=0)]
    """
    for section in sections(text):
        if section.title in {"ipv4", "ipv6", "dhcp4", "dhcp"}:
            for line in section.lines:
                if line.key in {"gateway", "routers"} and line.value:
                    yield Gateway(device, re.split(r"[,; ]", line.value)[0])
