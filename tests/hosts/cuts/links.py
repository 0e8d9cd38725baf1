"""Links, addresses, bridges and neighbours."""

from tests.hosts.cuts.cut import cut

cut("link/uplink-down", "ip link set eth0 down", "eth0.*down|uplink")
cut("link/docker0-down", "ip link set docker0 down", "docker0.*down")
cut("link/app-bridge-down", "ip link set br-app down", "br-app.*down")
cut("link/veth-down", "ip link set $(veth web) down", "veth.*down|web.*down")
cut("link/veth-detached", "ip link set $(veth web) nomaster", "not attached|no bridge|detached|bridge")
cut("link/veth-other-bridge", "ip link set $(veth web) master br-app", "br-app|wrong bridge|other bridge")
cut("link/eth0-down-inside", "inside web ip link set eth0 down", "eth0.*down")
cut("link/eth0-deleted-inside", "inside app1 ip link del eth0", "eth0|no interface|no link|has no")
cut("link/lo-down-inside", "inside app1 ip link set lo down", r"\blo\b.*down")
cut("link/docker0-deleted", "ip link del docker0", "docker0")
cut(
    "link/arp-off-inside",
    "inside web ip link set eth0 arp off; ip neigh flush all; inside web ip neigh flush all",
    "arp",
)
cut("link/mac-changed-inside", "m=$(mac web); inside web ip link set eth0 address 02:42:00:00:00:77;"
    " ip neigh replace $web lladdr $m dev docker0 nud permanent", "neighbo|mac|link address")  # fmt: skip
cut("link/mtu-68", "ip link set $(veth web) mtu 68", "mtu")
cut("link/container-mtu-jumbo-path-small",
    "ip link set br-app mtu 100; ip link set $(veth app1) mtu 100; ip link set $(veth app2) mtu 100", "mtu")  # fmt: skip
cut("link/uplink-mtu-68", "ip link set eth0 mtu 68; iptables -I OUTPUT -p icmp -j DROP", "mtu|icmp")
cut("address/docker0-gone", "ip addr flush dev docker0", "docker0.*address|address.*docker0|gateway")
cut(
    "address/app-bridge-wrong",
    "ip addr flush dev br-app; ip addr add 10.99.0.1/24 dev br-app",
    "br-app.*address|gateway",
)
cut("address/uplink-gone", "ip addr flush dev eth0", "eth0.*address|no address|default route")
cut("address/container-gone", "inside web ip addr flush dev eth0", "web.*address|address.*web")
cut("address/container-changed",
    "inside app1 ip addr flush dev eth0; inside app1 ip addr add 10.88.0.77/24 dev eth0;"
    " inside app1 ip route add default via 10.88.0.1", "app1.*address|address.*app1")  # fmt: skip
cut("address/container-on-host", "ip addr add 172.17.0.2/32 dev lo", "172.17.0.2.*(host|local|lo)|duplicate")
cut("address/target-on-host", "ip addr add 198.51.100.2/32 dev lo", "198.51.100.2")
cut("address/twin-container",
    "inside app2 ip addr flush dev eth0; inside app2 ip addr add 10.88.0.2/24 dev eth0; inside app2 ip route add default via"
    " 10.88.0.1; ip neigh flush all; ip neigh replace $app1 lladdr $(mac app2) dev br-app nud permanent",
    "same address|duplicate|10.88.0.2")  # fmt: skip
cut("address/second-bridge-same-subnet",
    "ip link add br-old type bridge; ip link set br-old up; ip route del 172.17.0.0/16 dev docker0;"
    " ip addr add 172.17.0.1/16 dev br-old; ip route add 172.17.0.0/16 dev docker0 metric 100", "br-old")  # fmt: skip
cut("address/prefix-wrong-inside",
    "inside web ip addr flush dev eth0; inside web ip addr add 172.17.0.2/32 dev eth0", "web.*(address|prefix|route)")  # fmt: skip
cut("bridge/port-disabled", "bridge link set dev $(veth web) state 0", "disabled|port|state")
cut("bridge/port-blocking", "bridge link set dev $(veth app1) state 4", "blocking|port|state")
cut("bridge/ports-isolated",
    "bridge link set dev $(veth app1) isolated on; bridge link set dev $(veth app2) isolated on", "isolated")  # fmt: skip
cut("bridge/port-locked",
    "v=$(veth web); bridge link set dev $v locked on; bridge link set dev $v learning off;"
    " bridge fdb del $(mac web) dev $v master || true", "locked")  # fmt: skip
cut("bridge/flood-off",
    "v=$(veth app1); bridge link set dev $v learning off flood off bcast_flood off mcast_flood off;"
    " bridge fdb del $(mac app1) dev $v master || true; ip neigh flush all; inside app2 ip neigh flush all;"
    " inside app1 ip neigh flush all", "flood|learning|port")  # fmt: skip
cut(
    "bridge/fdb-static-wrong",
    "bridge fdb replace $(mac web) dev $(veth lo) master static",
    "fdb|forwarding (table|entry)|mac",
)
cut("neighbour/gateway-wrong-inside",
    "inside web ip neigh replace 172.17.0.1 lladdr 02:00:00:00:00:99 dev eth0 nud permanent", "neighbo")  # fmt: skip
cut("neighbour/container-wrong-on-host",
    "ip neigh replace $app1 lladdr 02:00:00:00:00:99 dev br-app nud permanent", "neighbo")  # fmt: skip
cut("neighbour/next-hop-wrong", "ip neigh replace $out lladdr 02:00:00:00:00:99 dev eth0 nud permanent", "neighbo")
cut("queue/uplink-pfifo-0", "tc qdisc replace dev eth0 root pfifo limit 0", "qdisc|queue|pfifo")
cut("queue/docker0-tbf-tiny", "tc qdisc replace dev docker0 root tbf rate 8kbit burst 20 limit 20", "qdisc|queue|tbf")
cut("queue/veth-blackhole", "tc qdisc replace dev $(veth web) root blackhole", "qdisc|queue|blackhole")
cut("queue/inside-pfifo-0", "inside app1 tc qdisc replace dev eth0 root pfifo limit 0", "qdisc|queue|pfifo")
