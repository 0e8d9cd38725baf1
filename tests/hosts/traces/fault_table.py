"""All faults of the battery, and those of the live test."""

from tests.hosts.traces.device_faults import DEVICES
from tests.hosts.traces.firewall_faults import FIREWALL
from tests.hosts.traces.other_faults import IPV6, PROGRAMS
from tests.hosts.traces.routing_faults import ROUTING

FAULTS = (*ROUTING, *FIREWALL, *DEVICES, *PROGRAMS, *IPV6)
SAMPLE = (
    "ip_forward is 0",
    "nftables set",
    "iptables-legacy FORWARD drop",
    "wrong source translation",
    "bridge port disabled",
)
"""The faults of the live test."""
