"""Networks that somebody changed on purpose, after a scan found them healthy and kept how they were."""

from tests.hosts.odd.firewalls import UFW
from tests.hosts.odd.odd_host import ENGINES, ODD, odd
from tests.hosts.odd.vpns import BY_TUNNEL, FAR, TUNNEL_OUTSIDE, tunnel_device

_FAR = f"ip addr add {FAR}/32 dev lo\n"
_SECOND = (
    "ip link add up2 type veth peer name eth1 netns $box; ip addr add 192.0.2.129/25 dev up2; ip link set up2 up\n"
)
_ETH1 = "ip addr add 192.0.2.130/25 dev eth1; ip link set eth1 up\n"
_TO_FAR = (
    f"get web http://{FAR}/ | grep -q .",
    f"get app1 http://{FAR}/ | grep -q .",
    f"fetch http://{FAR}/ | grep -q .",
)
_ASKED = "busybox ping -c 1 -W 2 $out >/dev/null\n"
_GATEWAY = _FAR + "ip addr add 198.51.100.3/24 dev eth0\n"
_NETWORK = "serve --name six1 --network six -p 8090:80"

odd(
    "change/gateway-asked-since",
    outside=_GATEWAY,
    script=_ASKED,
    later="ip route replace default via 198.51.100.3; busybox ping -c 1 -W 2 198.51.100.3 >/dev/null",
    checks=_TO_FAR,
    engines=ENGINES,
)
odd(
    "change/gateway-by-dhcp",
    outside=_GATEWAY,
    script=_ASKED,
    later="ip route replace default via 198.51.100.3 proto dhcp",
    engines=ENGINES,
)
odd(
    "change/gateway-by-a-routing-daemon",
    outside=_GATEWAY,
    script=_ASKED,
    later="ip route del default; ip route add default via 198.51.100.3 proto bird metric 32",
)
odd(
    "change/gateway-by-keepalived",
    outside=_GATEWAY,
    script=_ASKED,
    later="ip route replace default via 198.51.100.3 proto 18",
)
odd(
    "change/gateway-of-another-uplink",
    outside=_FAR + _SECOND,
    before=_ETH1,
    script=_ASKED,
    later="ip route replace default via 192.0.2.129 dev eth1; busybox ping -c 1 -W 2 192.0.2.129 >/dev/null",
    checks=_TO_FAR,
)
odd(
    "change/gateway-has-another-mac",
    outside=_FAR,
    script=_ASKED + "sysctl -qw net.ipv4.conf.eth0.arp_notify=1",
    outside_later="ip link set eth0 address 00:00:5e:00:01:0a; ip neigh flush dev eth0; busybox ping -c 1 -W 2 198.51.100.1 >/dev/null",
    later="ip neigh flush dev eth0; " + _ASKED,
    checks=_TO_FAR,
)
odd(
    "change/uplink-is-a-bridge-now",
    outside=_FAR,
    script=_ASKED,
    later="""
ip link add br0 type bridge; ip link set br0 type bridge forward_delay 0; ip link set br0 up
ip addr flush dev eth0; ip link set eth0 master br0; ip addr add $host/24 dev br0; ip route add default via $out
"""
    + _ASKED,
    checks=_TO_FAR,
    engines=ENGINES,
)
odd(
    "change/second-uplink-is-gone",
    outside=_FAR + _SECOND,
    before=_ETH1
    + "ip route add 203.0.113.0/24 via 192.0.2.129; ip route add default via 192.0.2.129 table 101; ip rule add pref 102 from 192.0.2.130 table 101",
    script="get web http://192.0.2.129/ >/dev/null",
    later="ip link del eth1; ip rule del pref 102",
    checks=_TO_FAR,
)
odd(
    "change/second-uplink-is-off",
    outside=_FAR + _SECOND,
    before=_ETH1 + "ip route add default via 192.0.2.129 dev eth1 metric 600",
    script="get web http://192.0.2.129/ >/dev/null",
    later="ip link set eth1 down",
    checks=_TO_FAR,
)
odd(
    "change/vpn-is-up-now",
    outside=TUNNEL_OUTSIDE,
    script=_ASKED,
    later=ODD["vpn/wireguard-full"].script,
    checks=ODD["vpn/wireguard-full"].checks,
    engines=ENGINES,
)
odd(
    "change/vpn-is-off-now",
    outside=TUNNEL_OUTSIDE,
    script=tunnel_device("wg0")
    + "ip rule add pref 90 to 203.0.113.0/24 table 90; ip route add default dev wg0 table 90; "
    + BY_TUNNEL,
    later="ip link del wg0; ip rule del pref 90",
    checks=_TO_FAR,
)
odd(
    "change/addresses-and-routes-that-nobody-needs",
    outside=_FAR,
    before="ip addr add 198.51.100.9/24 dev eth0; ip addr add 192.0.2.77/32 dev lo; ip route add 10.200.0.0/16 via $out; ip rule add pref 50 to 10.201.0.0/16 table 50; ip route add default via $out table 50",
    script=_ASKED,
    later="ip addr del 198.51.100.9/24 dev eth0; ip addr del 192.0.2.77/32 dev lo; ip route del 10.200.0.0/16; ip rule del pref 50; ip route flush table 50",
    checks=_TO_FAR,
)
odd(
    "change/addresses-of-a-balancer-on-the-loopback",
    outside=_FAR,
    script=_ASKED,
    later="sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2; ip addr add 203.0.113.80/32 dev lo; ip addr add 192.168.9.80/32 dev lo",
    checks=(*_TO_FAR, "fetch http://203.0.113.80:8080/ | grep -q hello"),
)
odd(
    "change/clients-and-networks-banned-by-routes",
    outside=_FAR,
    script=_ASKED,
    later="""
for net in 203.0.113.66 203.0.113.67 203.0.113.68 203.0.113.69 192.0.2.64/26 192.0.2.128/25; do ip route add blackhole $net; done
for net in 10.0.0.0/8 192.168.0.0/16; do ip route add unreachable $net metric 4000; done
""",
    checks=_TO_FAR,
)
odd(
    "change/smaller-mtu-on-both-ends",
    outside=_FAR,
    script=_ASKED,
    outside_later="ip link set eth0 mtu 1400",
    later="ip link set eth0 mtu 1400",
    checks=(*_TO_FAR, "get web --post-data=$(head -c 20000 /dev/zero | tr '\\0' x) http://198.51.100.2/ | grep -q ."),
    engines=ENGINES,
)
odd(
    "change/firewall-is-up-now",
    packages=("ufw",),
    script=_ASKED,
    later=UFW
    + """
ufw default deny incoming; ufw default allow outgoing; ufw default deny routed
ufw allow 22/tcp; ufw allow 8080,8081/tcp; ufw --force enable
""",
    checks=("ufw status | grep -q 'Status: active'",),
    engines=ENGINES,
)
odd(
    "change/settings-and-queues",
    outside=_FAR,
    script=_ASKED,
    later="""
sysctl -qw net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.eth0.rp_filter=2 net.ipv4.conf.eth0.accept_redirects=0 net.ipv4.conf.docker0.log_martians=1
sysctl -qw net.ipv4.conf.eth0.arp_filter=1 net.ipv4.conf.docker0.proxy_arp=1 net.ipv4.neigh.eth0.mcast_solicit=5 net.ipv4.neigh.eth0.app_solicit=1
tc qdisc replace dev eth0 root tbf rate 100mbit burst 128kb latency 50ms; ip link set eth0 txqueuelen 500 promisc on
ip link set br-app type bridge ageing_time 1000 stp_state 1; bridge link set dev $(veth app1) learning on hairpin on
""",
    checks=_TO_FAR,
    allowed=frozenset({"network/bridge-stp-on", "probe/egress-failed"}),  # true: new containers wait for spanning tree
)
odd(
    "change/other-containers-and-networks",
    script="docker network create six >/dev/null; " + _NETWORK,
    later="""
docker rm -f six1 >/dev/null; docker network rm six >/dev/null; docker network create --subnet 10.77.0.0/24 six >/dev/null
docker restart app2 >/dev/null; """
    + _NETWORK,
    checks=("fetch http://$host:8090/ | grep -q hello",),
    engines=ENGINES,
)
odd(
    "change/engine-with-other-settings",
    script="docker network create six >/dev/null; " + _NETWORK,
    later="""
printf '{"userland-proxy": false, "mtu": 1450, "icc": false}' >/etc/docker/daemon.json
kill $(cat /run/docker.pid); for i in $(seq 100); do [ -e /run/docker.pid ] || break; sleep 0.1; done
background dockerd; for i in $(seq 100); do docker info >/dev/null 2>&1 && break; sleep 0.1; done; sleep 1
""",
    # No container of docker0 reaches a port of another one there then, as the model says, too: nobody has allowed it.
    checks=("fetch http://$host:8090/ | grep -q hello", "! get web http://$host:8080/"),
)
odd(
    "change/rules-of-an-administrator",
    outside=_FAR,
    script=_ASKED,
    later="""
iptables -I DOCKER-USER -o eth0 -p tcp -m multiport --dports 25,445,3389 -j REJECT
iptables -I DOCKER-USER -i eth0 -s 203.0.113.64/26 -j DROP; iptables -I DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 8099 -j DROP
iptables -t nat -A PREROUTING -i eth0 -p tcp --dport 8188 -j DNAT --to-destination 10.88.0.2:80
iptables -t mangle -A PREROUTING -m conntrack --ctstate INVALID -j DROP; iptables -t raw -A PREROUTING -p tcp --tcp-flags ALL NONE -j DROP
nft add table inet bans; nft add set inet bans s '{ type ipv4_addr; flags timeout; }'; nft add element inet bans s '{ 203.0.113.77 timeout 1h }'
nft add chain inet bans c '{ type filter hook prerouting priority -300; }'; nft add rule inet bans c ip saddr @s drop
""",
    checks=_TO_FAR,
    engines=ENGINES,
)
