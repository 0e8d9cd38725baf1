"""IPv6 without what is usual: no router's advertisements, no questions for neighbours, translated prefixes, no way outside."""

from tests.hosts.odd.odd_host import ENGINES, odd

_OUTSIDE = "ip -6 addr add fd00:1::2/64 dev eth0 nodad\n"
_OTHER = "docker network create --ipv6 --subnet fd00:88::/64 six >/dev/null; serve --name six1 --network six -p 8090:80; work --name six2 --network six\n"
_ROUTED = {"ip6tables": False}
_NAT = {"ip6tables": True, "experimental": True}
_FORWARD = "sysctl -qw net.ipv6.conf.all.forwarding=1\n"
_UP = "ip -6 addr add fd00:1::1/64 dev eth0 nodad; ip -6 route add default via fd00:1::2\n"
_PEER = "get six2 'http://[fd00:88::2]/' | grep -q hello"
_ITS_PORT = "fetch http://$host:8090/ | grep -q hello"

odd("six/no-way-outside", script=_OTHER, settings=_NAT, checks=(_PEER, _ITS_PORT), engines=ENGINES)
odd(
    "six/off-on-the-uplink-and-no-forwarding",
    before="sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1",
    script=_OTHER + "sysctl -qw net.ipv6.conf.all.forwarding=0",
    checks=(_PEER, _ITS_PORT),
)
odd(
    "six/no-advertisements-and-fixed-neighbours",
    outside=_OUTSIDE + "ip -6 route add fd00:88::/64 via fd00:1::1\n",
    before=_FORWARD
    + """
sysctl -qw net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.eth0.accept_ra=0 net.ipv6.conf.eth0.dad_transmits=0 net.ipv6.conf.eth0.addr_gen_mode=1
"""
    + _UP
    + """
busybox ping -c 1 -W 2 fd00:1::2 >/dev/null
ip neigh replace fd00:1::2 lladdr $(ip neigh show fd00:1::2 | sed -n 's/.*lladdr \\([^ ]*\\).*/\\1/p') dev eth0 nud permanent
sysctl -qw net.ipv6.neigh.eth0.mcast_solicit=0 net.ipv6.neigh.eth0.ucast_solicit=0
""",
    settings=_ROUTED,
    script=_OTHER,
    checks=(_PEER, "get six1 'http://[fd00:1::2]/' | grep -qx fd00:88::2"),
)
odd(
    "six/prefix-translated",
    outside=_OUTSIDE + "ip -6 route add fd00:1:88::/64 via fd00:1::1\n",
    before=_FORWARD + _UP,
    settings=_ROUTED,
    script=_OTHER
    + """
ip6tables -t nat -A POSTROUTING -s fd00:88::/64 -o eth0 -j NETMAP --to fd00:1:88::/64
ip6tables -t nat -A PREROUTING -d fd00:1:88::/64 -i eth0 -j NETMAP --to fd00:88::/64
""",
    checks=(_PEER, "get six1 'http://[fd00:1::2]/' | grep -qx fd00:1:88::2"),
)
odd(
    "six/neighbours-by-proxy",
    outside=_OUTSIDE,
    before=_FORWARD
    + _UP
    + "sysctl -qw net.ipv6.conf.eth0.proxy_ndp=1; for n in 2 3; do ip -6 neigh add proxy fd00:1::88:$n dev eth0; done",
    settings=_ROUTED,
    script="docker network create --ipv6 --subnet fd00:1::88:0/112 six >/dev/null; serve --name six1 --network six; work --name six2 --network six\n",
    checks=(
        "get six2 'http://[fd00:1::88:2]/' | grep -q hello",
        "get six1 'http://[fd00:1::2]/' | grep -qx fd00:1::88:2",
        "get six2 'http://[fd00:1::2]/' | grep -qx fd00:1::88:3",
    ),
)
odd(
    "six/tunnel-of-1280",
    outside="""
ip link add t6 mtu 1280 type veth peer name he0 mtu 1280 netns $box; ip link set t6 up
ip -6 addr add fd00:6::1/64 dev t6 nodad; ip -6 addr add fd00:66::1/128 dev lo
setsid --fork $python $odd/large.py 8999 $box >/dev/null 2>&1 </dev/null
""",
    before="ip link set he0 up; ip -6 addr add fd00:6::2/64 dev he0 nodad; ip -6 route add default via fd00:6::1\n",
    settings=_NAT,
    script=_OTHER,
    checks=(
        _PEER,
        "get six1 'http://[fd00:66::1]/' | grep -q .",
        "get six1 --post-data=$(head -c 20000 /dev/zero | tr '\\0' x) 'http://[fd00:66::1]/' | grep -q .",
        "get six1 'http://[fd00:66::1]:8999/' | wc -c | grep -qx 200000",
    ),
    engines=ENGINES,
)
