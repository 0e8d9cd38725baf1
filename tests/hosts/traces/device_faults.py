"""Faults of devices and bridges."""

from tests.hosts.traces.path_fault import TO_AA, TO_PEER, PathFault, drop

DEVICES = (
    PathFault(
        name="MTU of the uplink",
        do=("ip link set eth0 mtu 400",),
        undo=(
            "ip link set eth0 mtu 1500",
            "ip -6 addr replace 2001:db8::1/64 dev eth0 nodad; ip -6 route replace default via 2001:db8::2",
        ),
        end=drop("PKT_TOO_BIG", "ip_forward", cause="mtu", icmp="3/4|"),
    ),
    PathFault(
        name="MTU of the host's end of the pair",
        do=("ip link set {v} mtu 300",),
        undo=("ip link set {v} mtu 1500",),
        end={"result": "dropped", "reason": "NOT_SPECIFIED", "place": "aa", "device": "eth0", "cause": "mtu"},
    ),
    PathFault(
        name="queue of the uplink without room",
        do=("busybox ping -c 1 -W 1 198.51.100.2 >/dev/null || true; tc qdisc add dev eth0 root pfifo limit 0",),
        undo=("tc qdisc del dev eth0 root",),
        end=drop("QDISC_DROP", "__dev_queue_xmit", device="eth0", event="queued", cause="qdisc"),
    ),
    PathFault(
        name="bridge down",
        do=("ip link set {br} down",),
        undo=("ip link set {br} up", "ip route replace default via 198.51.100.2"),
        end=drop("BRIDGE_INGRESS_STP_STATE", "br_handle_frame", device="{v}", cause="device-down"),
    ),
    PathFault(
        name="bridge port disabled",
        do=("bridge link set dev {v} state 0",),
        undo=("bridge link set dev {v} state 3",),
        end=drop("BRIDGE_INGRESS_STP_STATE", "br_handle_frame", device="{v}", cause="port-disabled"),
    ),
    PathFault(
        name="bridge port disabled, seen from the host",
        do=("bridge link set dev {v} state 0",),
        undo=("bridge link set dev {v} state 3",),
        trace=TO_AA,
        end={"result": "dropped|lost", "place": "host", "device": "{br}|", "cause": "bridge|no-neighbour"},
    ),
    PathFault(
        name="isolated ports",
        do=("bridge link set dev {v} isolated on; bridge link set dev {w} isolated on",),
        undo=("bridge link set dev {v} isolated off; bridge link set dev {w} isolated off",),
        trace=TO_PEER,
        end=drop("NOT_SPECIFIED|NO_TX_TARGET", "br_handle_frame_finish", device="{v}", cause="isolated"),
    ),
    PathFault(
        name="wrong hardware address of the gateway",
        do=("in {aa}: ip neigh replace 172.17.0.1 lladdr 02:00:00:00:00:99 dev eth0 nud permanent",),
        undo=("in {aa}: ip neigh del 172.17.0.1 dev eth0",),
        end={"place": "host|bb", "cause": "wrong-hardware-address"},
    ),
    PathFault(
        name="port of no bridge",
        do=("in {aa}: ip neigh replace 172.17.0.1 lladdr {mac} dev eth0 nud permanent", "ip link set {v} nomaster"),
        undo=("ip link set {v} master {br}", "in {aa}: ip neigh del 172.17.0.1 dev eth0"),
        end=drop("OTHERHOST", "ip_rcv_core", device="{v}", cause="no-bridge"),
    ),
    PathFault(
        name="port of another bridge",
        do=(
            "in {aa}: ip neigh replace 172.17.0.1 lladdr {mac} dev eth0 nud permanent",
            "ip link add odd type bridge; ip link set odd up; ip link set {v} master odd",
        ),
        undo=("ip link set {v} master {br}; ip link del odd", "in {aa}: ip neigh del 172.17.0.1 dev eth0"),
        end={"result": "dropped|lost", "place": "host", "device": "{v}"},
    ),
    PathFault(
        name="host's end of the pair is down",
        do=("ip link set {v} down",),
        undo=("ip link set {v} up",),
        end={"result": "dropped|lost", "place": "aa"},
    ),
    PathFault(
        name="interface of the container is down",
        do=("in {aa}: ip link set eth0 down",),
        undo=("in {aa}: ip link set eth0 up; ip route add default via 172.17.0.1",),
        end={"result": "dropped", "place": "aa", "reason": "ENETUNREACH", "cause": "no-route"},
    ),
    PathFault(
        name="no route in the container",
        do=("in {aa}: ip route del default",),
        undo=("in {aa}: ip route add default via 172.17.0.1",),
        end={"result": "dropped", "place": "aa", "reason": "ENETUNREACH", "cause": "no-route"},
    ),
    PathFault(
        name="blackhole route in the container",
        do=("in {aa}: ip route add blackhole 203.0.113.0/24",),
        undo=("in {aa}: ip route del blackhole 203.0.113.0/24",),
        end={"result": "dropped", "place": "aa", "reason": "EINVAL", "cause": "route-discards"},
    ),
    PathFault(
        name="no route back in the container",
        do=("in {aa}: ip route add blackhole 198.51.100.0/24",),
        undo=("in {aa}: ip route del blackhole 198.51.100.0/24",),
        trace=("host", "aa:80"),
        end={"result": "delivered"},
    ),
    PathFault(
        name="no route back in the container, to a client outside",
        do=("in {aa}: ip route del default",),
        undo=("in {aa}: ip route add default via 172.17.0.1",),
        trace=("aa", "outside:8080"),
        end={"result": "dropped", "place": "aa", "way": "back", "reason": "IP_OUTNOROUTES", "cause": "no-route"},
    ),
    PathFault(
        name="DNAT to a dead address",
        do=("iptables -t nat -I PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.99:80",),
        undo=("iptables -t nat -D PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.99:80",),
        trace=("aa", "outside:8080"),
        end={"place": "host", "cause": "rule|no-neighbour"},
    ),
    PathFault(
        name="the container's address was changed",
        do=(
            "in {aa}: ip addr flush dev eth0; ip addr add 172.17.0.77/16 dev eth0; ip route replace default via 172.17.0.1",
            "ip neigh replace {ip} lladdr $(in_mac {aa}) dev {br} nud permanent",
        ),
        undo=(
            "in {aa}: ip addr flush dev eth0; ip addr add {ip}/16 dev eth0; ip route replace default via 172.17.0.1",
            "ip neigh del {ip} dev {br}",
        ),
        trace=TO_AA,
        end=drop("IP_INADDRERRORS", "ip_error", place="aa", device="eth0", cause="not-its-address"),
    ),
)
