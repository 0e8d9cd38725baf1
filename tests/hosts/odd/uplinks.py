"""Uplinks, routes and settings of the host's own network."""

from tests.hosts.odd.odd_host import ENGINES, odd

_FAR = "ip addr add 203.0.113.10/32 dev lo\n"
_TO_FAR = "get web http://203.0.113.10/ | grep -q ."

odd(
    "uplink/bridge",
    before="""
ip link add br0 type bridge; ip link set br0 type bridge forward_delay 0; ip link set br0 up
ip addr flush dev eth0; ip link set eth0 master br0
ip addr add $host/24 dev br0; ip route add default via $out
""",
    outside=_FAR,
    checks=(_TO_FAR,),
    engines=ENGINES,
)
odd(
    "uplink/bridge-with-stp-and-two-ports",
    outside="ip link add spare type veth peer name eth1 netns $box; ip link set spare up\n" + _FAR,
    before="""
ip link add br0 type bridge stp_state 1; ip link set br0 type bridge forward_delay 200; ip link set br0 up
ip addr flush dev eth0; ip link set eth0 master br0; ip link set eth1 master br0 up
ip addr add $host/24 dev br0; ip route add default via $out; sleep 5
""",
    checks=(_TO_FAR,),
)
odd(
    "uplink/macvlan",  # this kernel has no VLANs: a sub-interface of another kind
    outside=_FAR,
    before="""
ip addr flush dev eth0; ip link add lan0 link eth0 type macvlan mode bridge; ip link set lan0 up
ip addr add $host/24 dev lan0; ip route add default via $out
""",
    checks=(_TO_FAR,),
)
odd(
    "uplink/two-with-source-rules",
    outside=_FAR
    + "ip link add up2 type veth peer name eth1 netns $box; ip addr add 192.0.2.129/25 dev up2; ip link set up2 up\n",
    before="""
ip addr add 192.0.2.130/25 dev eth1; ip link set eth1 up
ip route add 192.0.2.128/25 dev eth1 table 101; ip route add default via 192.0.2.129 table 101
ip route add 198.51.100.0/24 dev eth0 table 100; ip route add default via $out table 100
ip rule add pref 100 table main suppress_prefixlength 0; ip rule add pref 101 from $host table 100
ip rule add pref 102 from 192.0.2.130 table 101
sysctl -qw net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.eth0.arp_filter=1 net.ipv4.conf.eth1.arp_filter=1
""",
    checks=(_TO_FAR, "fetch http://192.0.2.130:8080/ | grep -q hello"),
    engines=ENGINES,
)
odd(
    "uplink/multipath-default",
    outside=_FAR
    + "ip link add up2 type veth peer name eth1 netns $box; ip addr add 192.0.2.129/25 dev up2; ip link set up2 up\n",
    before="""
ip addr add 192.0.2.130/25 dev eth1; ip link set eth1 up
ip route replace default nexthop via $out dev eth0 weight 1 nexthop via 192.0.2.129 dev eth1 weight 1
sysctl -qw net.ipv4.fib_multipath_hash_policy=1
""",
    checks=(_TO_FAR,),
)
odd(
    "uplink/two-defaults-by-metric",
    outside=_FAR
    + "ip link add up2 type veth peer name wlan0 netns $box; ip addr add 192.0.2.129/25 dev up2; ip link set up2 up\n",
    before="""
ip addr add 192.0.2.130/25 dev wlan0; ip link set wlan0 up
ip route del default; ip route add default via $out dev eth0 metric 100; ip route add default via 192.0.2.129 dev wlan0 metric 600
""",
    checks=(_TO_FAR,),
)
odd(
    "uplink/one-address-on-link-gateway",
    outside=_FAR,
    before="""
ip addr flush dev eth0; ip addr add $host/32 dev eth0
ip route add default via $out dev eth0 onlink
""",
    checks=(_TO_FAR,),
)
odd(
    "uplink/nobody-but-a-proxy",
    before="ip route del default",
    settings={"proxies": {"http-proxy": "http://198.51.100.2:8080", "https-proxy": "http://198.51.100.2:8080"}},
    allowed=frozenset({"probe/registry-failed"}),  # the server outside can't be a proxy for TLS
)
odd(
    "uplink/no-ipv6",
    before="sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1",
    engines=ENGINES,
)
odd(
    "mtu/1400-everywhere",
    outside="ip link set eth0 mtu 1400",
    before="ip link set eth0 mtu 1400",
    settings={"mtu": 1400},
    script="docker network create -o com.docker.network.driver.mtu=1400 small >/dev/null; serve --name mtu --network small -p 8090:80",
    checks=("get mtu http://198.51.100.2/", "fetch http://$host:8090/ | grep -q hello"),
)
odd(
    "mtu/9000-bridge-1500-uplink",
    script="docker network create -o com.docker.network.driver.mtu=9000 jumbo >/dev/null; serve --name mtu --network jumbo -p 8090:80",
    checks=("get mtu http://198.51.100.2/", "fetch http://$host:8090/ | grep -q hello"),
)
odd(
    "sysctl/strict-reverse-paths",
    before="sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1",
    engines=ENGINES,
)
odd(
    "sysctl/loose-reverse-paths",
    before="sysctl -qw net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.default.rp_filter=2 net.ipv4.conf.eth0.rp_filter=2",
)
odd(
    "sysctl/arp-of-a-balancer",
    before="""
sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
ip addr add 192.0.2.80/32 dev lo label lo:vip
""",
    checks=(_TO_FAR,),
    outside=_FAR,
)
odd(
    "sysctl/hardened",
    before="""
for key in accept_redirects send_redirects secure_redirects accept_source_route; do
    sysctl -qw net.ipv4.conf.all.$key=0 net.ipv4.conf.default.$key=0
done
sysctl -qw net.ipv4.conf.all.log_martians=1 net.ipv4.icmp_echo_ignore_broadcasts=1 net.ipv4.icmp_echo_ignore_all=1
sysctl -qw net.ipv4.tcp_syncookies=1 net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0
""",
)
odd(
    "queue/shaped",
    script="""
tc qdisc replace dev eth0 root tbf rate 100mbit burst 128kb latency 50ms
tc qdisc replace dev docker0 root pfifo limit 1000
tc qdisc replace dev br-app root handle 1: htb default 10
tc class add dev br-app parent 1: classid 1:10 htb rate 50mbit
tc qdisc replace dev $(veth web) root tbf rate 10mbit burst 32kb latency 100ms
""",
)
odd(
    "neighbour/fixed-by-hand-and-right",
    script="""
ip neigh replace 10.88.0.2 lladdr $(mac app1) dev br-app nud permanent
inside app1 ip neigh replace 10.88.0.3 lladdr $(mac app2) dev eth0 nud permanent
busybox ping -c 1 -W 2 $out >/dev/null
ip neigh replace $out lladdr $(ip neigh show $out | sed -n 's/.*lladdr \\([^ ]*\\).*/\\1/p') dev eth0 nud permanent
""",
)
odd(
    "route/other-site-via-a-container",
    script="""
work --name router --network app --ip 10.88.0.9 --cap-add NET_ADMIN
inside router sh -ec 'ip addr add 192.168.50.1/32 dev lo; iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE'
ip route add 192.168.50.0/24 via 10.88.0.9
ip route add blackhole 192.168.60.0/24
ip route add unreachable 192.168.61.0/24 metric 4278198272
""",
    checks=("busybox ping -c 1 -W 2 192.168.50.1",),
)
odd(
    "route/closed-bogons",
    before="""
for net in 0.0.0.0/8 192.0.0.0/24 240.0.0.0/4 172.16.0.0/12 10.0.0.0/8 192.168.0.0/16; do ip route add blackhole $net; done
""",
)
