"""How the kernel finds the way of a packet: next hops, classes of service, IPsec policies, zones of connections, neighbours."""

from tests.hosts.odd.odd_host import ENGINES, odd

_FAR = "ip addr add 203.0.113.10/32 dev lo\n"
_SECOND = (
    "ip link add up2 type veth peer name eth1 netns $box; ip addr add 192.0.2.129/25 dev up2; ip link set up2 up\n"
)
_ETH1 = "ip addr add 192.0.2.130/25 dev eth1; ip link set eth1 up\n"
_TO_FAR = (
    "get web http://203.0.113.10/ | grep -q .",
    "get app1 http://203.0.113.10/ | grep -q .",
    "fetch http://203.0.113.10/ | grep -q .",
)
_TO_SECOND = "get app1 http://192.0.2.129/ | grep -qx 192.0.2.130"

odd(
    "nexthop/objects-and-groups",
    outside=_FAR + _SECOND,
    before=_ETH1
    + """
ip nexthop add id 1 via $out dev eth0; ip nexthop add id 2 via 192.0.2.129 dev eth1; ip nexthop add id 9 blackhole
ip nexthop add id 10 group 1,3/2,1; ip nexthop add id 11 group 1/2 type resilient buckets 8
ip route replace default nhid 10; ip route add 203.0.113.0/24 nhid 11; ip route add 240.0.0.0/4 nhid 9
""",
    checks=_TO_FAR,
    engines=ENGINES,
)
odd(
    "nexthop/one-without-carrier",
    outside=_FAR + _SECOND + "ip link set up2 down\n",
    before=_ETH1
    + """
sysctl -qw net.ipv4.conf.all.ignore_routes_with_linkdown=1 net.ipv4.conf.eth1.ignore_routes_with_linkdown=1
ip route replace default nexthop via $out dev eth0 nexthop via 192.0.2.129 dev eth1 onlink
""",
    checks=_TO_FAR,
)
odd(
    "nexthop/one-silent-and-left-out",
    outside=_FAR + _SECOND,
    before=_ETH1
    + """
sysctl -qw net.ipv4.fib_multipath_use_neigh=1
ip route replace default nexthop via $out dev eth0 nexthop via 192.0.2.200 dev eth1
busybox ping -c 1 -W 1 $out >/dev/null; busybox ping -c 1 -W 1 192.0.2.200 >/dev/null || true
ip neigh replace 192.0.2.200 dev eth1 nud failed
""",
    checks=_TO_FAR,
)
odd(
    "nexthop/gateway-of-the-other-family",
    outside=_FAR + "ip -6 addr add fe80::2/64 dev eth0 nodad\n",
    before="ip route replace default via inet6 fe80::2 dev eth0",
    checks=_TO_FAR,
    engines=ENGINES,
)
odd(
    "nexthop/spare-default-that-is-silent",
    outside=_FAR + _SECOND,
    before=_ETH1
    + """
ip route del default; ip route add default via $out metric 100; ip route add default via 192.0.2.200 dev eth1 metric 600
busybox ping -c 1 -W 1 192.0.2.200 >/dev/null || true; ip neigh replace 192.0.2.200 dev eth1 nud failed
""",
    checks=_TO_FAR,
)
odd(
    "service/marks-and-rules",
    outside=_FAR + _SECOND + "ip addr add 203.0.113.11/32 dev lo\n",
    before=_ETH1
    + """
ip route add default via 192.0.2.129 table 150; ip rule add pref 150 tos 0x10 table 150; ip rule add pref 151 dscp EF table 150
""",
    script="""
iptables -t mangle -A PREROUTING -i docker0 -d 203.0.113.11 -j TOS --set-tos 0x10
iptables -t mangle -A PREROUTING -i br-app -d 203.0.113.11 -p tcp -j DSCP --set-dscp-class EF
iptables -t mangle -A POSTROUTING -o eth0 -p tcp -m multiport --ports 80,443 -j DSCP --set-dscp-class AF21
iptables -t mangle -A OUTPUT -p udp --dport 53 -j TOS --set-tos 0x10
""",
    checks=(
        *_TO_FAR,
        "get web http://203.0.113.11/ | grep -qx 192.0.2.130",
        "get app1 http://203.0.113.11/ | grep -qx 192.0.2.130",
    ),
    engines=ENGINES,
)
odd(
    "service/wrong-class-for-nobody",
    outside=_FAR,
    before="ip rule add pref 150 tos 0x08 blackhole; ip rule add pref 152 from 172.17.0.0/16 fwmark 0x77 unreachable; ip rule add pref 153 ipproto udp dport 33434-33534 prohibit; ip rule add pref 154 uidrange 12000-12010 unreachable",
    checks=_TO_FAR,
)
odd(
    "ipsec/policies-for-other-networks",
    outside=_FAR,
    before="""
for way in out in fwd; do
    ip xfrm policy add src 10.0.0.0/24 dst 192.168.77.0/24 dir $way priority 1000 tmpl src $host dst 198.51.100.9 proto esp mode tunnel reqid 1
    ip xfrm policy add src 192.168.77.0/24 dst 10.0.0.0/24 dir $way priority 1000 tmpl src 198.51.100.9 dst $host proto esp mode tunnel reqid 1
done
ip xfrm policy add src 172.16.0.0/12 dst 192.168.77.0/24 dir fwd priority 2000 action block
ip xfrm policy add src fd00:5::/64 dst fd00:6::/64 dir out priority 1 action block
""",
    checks=_TO_FAR,
    engines=ENGINES,
)
odd(
    "ipsec/passes-first-and-all-else-blocked",
    outside=_FAR,
    before="""
for way in out in fwd; do
    for net in 172.16.0.0/12 10.88.0.0/24 198.51.100.0/24 127.0.0.0/8; do
        ip xfrm policy add src $net dst 0.0.0.0/0 dir $way priority 100 action allow
        ip xfrm policy add src 0.0.0.0/0 dst $net dir $way priority 101 action allow
    done
    ip xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir $way priority 9000 action block
done
""",
    checks=_TO_FAR[:2],
    engines=ENGINES,
)
odd(
    "ipsec/encrypted-where-the-peer-can",
    outside=_FAR,
    before="""
for way in out in fwd; do
    ip xfrm policy add src 0.0.0.0/0 dst 203.0.113.0/24 dir $way priority 100 tmpl proto comp mode transport reqid 7 level use
    ip xfrm policy add src 203.0.113.0/24 dst 0.0.0.0/0 dir $way priority 100 tmpl proto comp mode transport reqid 7 level use
done
""",
    checks=_TO_FAR,
)
odd(
    "ipsec/interfaces-without-policies",
    outside=_FAR,
    before="""
for way in out in fwd; do ip xfrm policy add src 0.0.0.0/0 dst 203.0.113.0/24 dir $way priority 100 action block; done
sysctl -qw net.ipv4.conf.eth0.disable_xfrm=1
""",
    script="sysctl -qw net.ipv4.conf.docker0.disable_policy=1 net.ipv4.conf.br-app.disable_policy=1",
    checks=_TO_FAR,
)
odd(
    "zone/of-each-uplink",
    outside=_FAR + _SECOND,
    before=_ETH1,
    script="""
iptables -t raw -A PREROUTING -i eth1 -j CT --zone 5
iptables -t raw -A OUTPUT -o eth1 -j CT --zone 5
for bridge in docker0 br-app; do iptables -t raw -A PREROUTING -i $bridge -d 192.0.2.128/25 -j CT --zone 5; done
""",
    checks=(*_TO_FAR, _TO_SECOND, "get web http://192.0.2.129/ | grep -qx 192.0.2.130"),
    engines=ENGINES,
)
odd(
    "zone/of-the-first-packets",
    outside=_FAR,
    script="iptables -t raw -A PREROUTING -i br-app -j CT --zone-orig 7; iptables -t raw -A PREROUTING -i docker0 -s 172.17.0.3 -j CT --zone-orig 8",
    checks=_TO_FAR,
)
odd(
    "zone/by-nft-for-a-router-beside",
    outside=_FAR + _SECOND,
    before=_ETH1
    + """
nft -f - <<'END'
table inet vrf {
    chain pre { type filter hook prerouting priority raw; policy accept; iifname "eth1" ct zone set 9; iifname "eth1" ct state invalid drop; }
    chain out { type filter hook output priority raw; policy accept; oifname "eth1" ct zone set 9; }
}
END
""",
    checks=(*_TO_FAR, "fetch http://192.0.2.129/ | grep -qx 192.0.2.130"),
)
odd(
    "neighbour/nobody-asks-and-all-fixed",
    outside=_FAR,
    script="""
busybox ping -c 1 -W 2 $out >/dev/null
ip neigh replace $out lladdr $(ip neigh show $out | sed -n 's/.*lladdr \\([^ ]*\\).*/\\1/p') dev eth0 nud permanent
sysctl -qw net.ipv4.neigh.eth0.mcast_solicit=0 net.ipv4.neigh.eth0.ucast_solicit=0
""",
    checks=_TO_FAR,
)
odd(
    "neighbour/no-arp-on-the-uplink",
    outside=_FAR
    + "ip neigh replace 198.51.100.1 lladdr $(nsenter -t $box -n ip -o link show eth0 | sed -n 's/.*ether \\([^ ]*\\).*/\\1/p') dev eth0 nud permanent\n",
    before="""
busybox ping -c 1 -W 2 $out >/dev/null; mac=$(ip neigh show $out | sed -n 's/.*lladdr \\([^ ]*\\).*/\\1/p')
ip link set eth0 arp off; ip neigh replace $out lladdr $mac dev eth0 nud permanent
""",
    checks=_TO_FAR[:2],
)
odd(
    "neighbour/containers-in-the-uplinks-network",
    outside=_FAR,
    before="sysctl -qw net.ipv4.conf.eth0.proxy_arp=1",
    script="""
docker network create --subnet 198.51.100.64/27 -o com.docker.network.bridge.enable_ip_masquerade=false lan >/dev/null
serve --name lan1 --network lan --ip 198.51.100.66 -p 8090:80
""",
    checks=(
        *_TO_FAR,
        "get lan1 http://198.51.100.2/ | grep -qx 198.51.100.66",
        "fetch http://$host:8090/ | grep -q hello",
    ),
)
odd(
    "sysctl/short-conntrack-timeouts",
    outside=_FAR,
    before="sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=600 net.netfilter.nf_conntrack_udp_timeout=5",
    script="""
sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_time_wait=0 net.netfilter.nf_conntrack_tcp_timeout_close=0 net.netfilter.nf_conntrack_icmp_timeout=1
sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=0 net.netfilter.nf_conntrack_generic_timeout=0 net.netfilter.nf_conntrack_tcp_be_liberal=1
sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0 net.netfilter.nf_conntrack_acct=1 net.netfilter.nf_conntrack_helper=0 2>/dev/null || true
""",
    checks=_TO_FAR,
)
odd(
    "container/rules-of-routing-of-its-own",
    outside=_FAR,
    script="""
work --name ruled --cap-add NET_ADMIN --network app -p 8090:80; docker network create lan2 >/dev/null; docker network connect lan2 ruled
docker exec -d ruled httpd -f -p 80 -h /
inside ruled sh -ec '
ip route add default via 10.88.0.1 dev eth0 table 100; ip rule add pref 100 from 10.88.0.0/24 table 100
ip rule add pref 101 fwmark 0x1 blackhole; ip rule add pref 102 tos 0x10 unreachable; ip route add blackhole 192.168.0.0/16
'
""",
    checks=("get ruled http://203.0.113.10/ | grep -q .", "fetch http://$host:8090/etc/hostname | grep -q ."),
    engines=ENGINES,
)
odd(
    "container/publishes-beside-an-internal-network",
    outside=_FAR,
    script="""
docker network create --internal closed >/dev/null; docker network create open >/dev/null
serve --name front1 --network closed -p 8090:80; docker network connect open front1
serve --name front2 --network open -p 8091:80; docker network connect closed front2
serve --name shut --network closed; serve --name shut-with-port --network closed -p 8095:80
""",
    checks=(
        "fetch http://$host:8090/ | grep -q hello",
        "fetch http://$host:8091/ | grep -q hello",
        "get front1 http://203.0.113.10/ | grep -q .",
        "get front2 http://shut/ | grep -q hello",
    ),
    engines=ENGINES,
)
odd(
    "container/others-come-and-go",
    script="""
docker network create churn >/dev/null
background sh -c 'while [ ! -e /tmp/enough ]; do docker run --rm --network churn -p 8097:80 leg:1 sleep 0.2; docker run --rm bb:1 true; done'
background sh -c 'while [ ! -e /tmp/enough ]; do docker network create churn2; docker run --rm --network churn2 bb:1 true; docker network rm churn2; done'
""",
    end="touch /tmp/enough; sleep 2",
    engines=ENGINES,
)
