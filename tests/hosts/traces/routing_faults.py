"""Faults of routing."""

from tests.hosts.traces.path_fault import RULE_DROP, TO_HOST, PathFault, drop

ROUTING = (
    PathFault(
        name="ip_forward is 0",
        do=("sysctl -qw net.ipv4.ip_forward=0",),
        undo=("sysctl -qw net.ipv4.ip_forward=1",),
        end=drop("IP_INADDRERRORS", "ip_error", cause="forwarding-off"),
    ),
    PathFault(
        name="forwarding of the bridge is 0",
        do=("sysctl -qw net.ipv4.conf.{br}.forwarding=0",),
        undo=("sysctl -qw net.ipv4.conf.{br}.forwarding=1",),
        end=drop("IP_INADDRERRORS", "ip_error", cause="forwarding-off"),
    ),
    PathFault(
        name="no default route",
        do=("ip route del default",),
        undo=("ip route add default via 198.51.100.2",),
        end=drop("IP_INNOROUTES", "ip_error", cause="no-route", icmp="3/0|"),
    ),
    PathFault(
        name="uplink down",
        do=("ip link set eth0 down",),
        undo=(
            "ip link set eth0 up; ip route replace default via 198.51.100.2",
            "ip -6 addr replace 2001:db8::1/64 dev eth0 nodad; ip -6 route replace default via 2001:db8::2",
        ),
        end=drop("IP_INNOROUTES", "ip_error", cause="no-route"),
    ),
    PathFault(
        name="blackhole route",
        do=("ip route add blackhole 203.0.113.0/24",),
        undo=("ip route del blackhole 203.0.113.0/24",),
        end=drop("NOT_SPECIFIED", "ip_error", cause="route-discards"),
    ),
    PathFault(
        name="blackhole rule of routing",
        do=("ip rule add iif {br} blackhole",),
        undo=("ip rule del iif {br} blackhole",),
        end=drop("NOT_SPECIFIED", "ip_error", cause="route-discards"),
    ),
    PathFault(
        name="unreachable route",
        do=("ip route add unreachable 203.0.113.0/24",),
        undo=("ip route del unreachable 203.0.113.0/24",),
        end=drop("NOT_SPECIFIED", "ip_error", cause="route-discards", icmp="3/1|"),
    ),
    PathFault(
        name="prohibit rule of routing",
        do=("ip rule add iif {br} prohibit",),
        undo=("ip rule del iif {br} prohibit",),
        end=drop("NOT_SPECIFIED", "ip_error", cause="route-discards", icmp="3/13|"),
    ),
    PathFault(
        name="reverse path filter",
        do=(
            "ip link add odd type veth peer name end; ip link set odd up; ip link set end up; ip route add {ip}/32 dev odd",
            "sysctl -qw net.ipv4.conf.{br}.rp_filter=1",
        ),
        undo=("sysctl -qw net.ipv4.conf.{br}.rp_filter=0", "ip link del odd"),
        end=drop("IP_RPFILTER", "ip_rcv_finish_core", cause="rp-filter"),
    ),
    PathFault(
        name="gateway that does not answer",
        do=("ip route replace default via 198.51.100.77",),
        undo=("ip route replace default via 198.51.100.2",),
        end={"result": "lost", "place": "host", "device": "{br}", "cause": "no-neighbour"},
    ),
    PathFault(
        name="route of a VPN over the subnet",
        do=(
            "ip link add odd type veth peer name end; ip link set odd up; ip link set end up; ip route add {ip}/32 dev odd",
        ),
        undo=("ip link del odd",),
        end=drop(RULE_DROP, "nft_do_chain", device="eth0", way="back", cause="rule"),
        rule="policy of chain FORWARD of table ip filter",
    ),
    PathFault(
        name="second bridge with the container's address behind it",
        do=(
            "ip link add odd type bridge; ip link set odd up; ip addr add 172.17.0.1/32 dev odd; ip route add {ip}/32 dev odd",
        ),
        undo=("ip link del odd",),
        trace=TO_HOST,
        end={"result": "lost", "place": "host"},
    ),
    PathFault(
        name="the container's address is also on the host",
        do=("ip addr add {ip}/32 dev lo",),
        undo=("ip addr del {ip}/32 dev lo",),
        end=drop("IP_LOCAL_SOURCE", "ip_rcv_finish_core", cause="local-source"),
    ),
    PathFault(
        name="rule of routing into a device without an other end",
        do=(
            "ip link add odd type veth peer name end; ip link set odd up; ip link set end up; ip route add default dev odd table 99",
            "ip rule add iif {br} lookup 99",
        ),
        undo=("ip rule del iif {br} lookup 99", "ip link del odd"),
        end={"result": "lost", "place": "host", "device": "{br}", "cause": "no-neighbour"},
    ),
)
