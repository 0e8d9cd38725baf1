"""Packets of different sizes: jumbo frames, tunnels and routes with a smaller MTU, and all that makes them fit."""

from tests.hosts.odd.odd_host import ENGINES, odd
from tests.hosts.odd.vpns import BY_TUNNEL, FAR, TUNNEL_OUTSIDE, tunnel_device

_LARGE = "setsid --fork $python $odd/large.py 8999 $box >/dev/null 2>&1 </dev/null\n"
_DATA = "$(head -c 20000 /dev/zero | tr '\\0' x)"


def _both_ways(name: str, address: str) -> tuple[str, str]:
    """Much data to an address outside, and much from there."""
    return (
        f"get {name} --post-data={_DATA} http://{address}/ | grep -q .",
        f"get {name} http://{address}:8999/ | wc -c | grep -qx 200000",
    )


odd(
    "mtu/9000-lan-1500-uplink",
    outside=_LARGE
    + "ip link add lan0 mtu 9000 type veth peer name eth1 mtu 9000 netns $box; ip addr add 192.0.2.129/25 dev lan0; ip link set lan0 up\n",
    before="ip addr add 192.0.2.130/25 dev eth1; ip link set eth1 up",
    settings={"mtu": 9000},
    script="""
docker network create -o com.docker.network.driver.mtu=9000 jumbo >/dev/null; serve --name big --network jumbo -p 8090:80
serve --name big0
""",
    checks=(
        *_both_ways("big", "198.51.100.2"),
        *_both_ways("big0", "192.0.2.129"),
        "fetch http://$host:8090/ | grep -q hello",
        "timeout 5 docker exec big ping -c 1 -W 2 -s 8900 192.0.2.129",
    ),
    engines=ENGINES,
)
odd(
    "mtu/9000-uplink-1500-networks",
    outside=_LARGE + "ip link set eth0 mtu 9000",
    before="ip link set eth0 mtu 9000",
    checks=(*_both_ways("web", "198.51.100.2"), *_both_ways("app1", "198.51.100.2")),
)
odd(
    "mtu/vpn-1420-clamped-and-no-icmp",
    outside=TUNNEL_OUTSIDE + _LARGE,
    script=tunnel_device("wg0")
    + """
ip route add 203.0.113.0/24 dev wg0
iptables -t mangle -A FORWARD -o wg0 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
iptables -t mangle -A FORWARD -i wg0 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1380
iptables -A OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP
iptables -t nat -A POSTROUTING -o wg0 -j MASQUERADE
""",
    checks=(BY_TUNNEL, *_both_ways("web", FAR), *_both_ways("app1", FAR)),
    engines=ENGINES,
)
odd(
    "mtu/vpn-1420-clamped-by-nft",
    outside=TUNNEL_OUTSIDE + _LARGE,
    script=tunnel_device("wg0")
    + """
ip route add 0.0.0.0/1 dev wg0; ip route add 128.0.0.0/1 dev wg0; ip route add $out/32 dev eth0
nft -f - <<'END'
table inet clamp {
    chain forward { type filter hook forward priority mangle; policy accept; oifname "wg0" tcp flags syn tcp option maxseg size set rt mtu
        iifname "wg0" tcp flags & (syn|rst) == syn tcp option maxseg size set 1380; }
    chain output { type filter hook output priority filter; policy accept; icmp type destination-unreachable drop; }
}
END
""",
    allowed=frozenset({"network/pool-exhausted"}),  # true: the engine takes both routes for its pools
    checks=(BY_TUNNEL, *_both_ways("web", FAR), *_both_ways("app1", FAR)),
)
odd(
    "mtu/route-of-1400",
    outside=_LARGE + "ip addr add 203.0.113.10/32 dev lo; ip route replace 198.51.100.0/24 dev eth0 mtu 1400",
    before="ip route replace default via $out mtu 1400; ip route add 203.0.113.0/24 via $out mtu lock 1300 advmss 1200",
    checks=(*_both_ways("web", "203.0.113.10"), *_both_ways("app1", "203.0.113.10")),
)
odd(
    "mtu/container-probes-for-it",
    outside=TUNNEL_OUTSIDE + _LARGE,
    script=tunnel_device("wg0")
    + """
ip route add 203.0.113.0/24 dev wg0
iptables -A OUTPUT -o docker0 -p icmp --icmp-type fragmentation-needed -d 172.17.0.4 -j DROP
work --name prober --sysctl net.ipv4.tcp_mtu_probing=2 --sysctl net.ipv4.tcp_base_mss=1024
[ $(address prober) = 172.17.0.4 ]
""",
    checks=_both_ways("prober", FAR),
)
odd(
    "mtu/container-network-of-1280",
    outside=_LARGE,
    script="docker network create -o com.docker.network.driver.mtu=1280 small >/dev/null; serve --name small1 --network small -p 8090:80; docker network connect app small1",
    checks=(*_both_ways("small1", "198.51.100.2"), "fetch http://$host:8090/ | grep -q hello"),
)
