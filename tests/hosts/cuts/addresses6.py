"""Faults of IPv6, on a host whose networks have both versions."""

from tests.hosts.cuts.cut import cut


def _cut6(name: str, script: str, hop: str) -> None:
    cut(f"six/{name}", script, hop, version=6)


def _nft(
    body: str, *, family: str = "ip6", hook: str = "forward priority 0", policy: str = "accept", head: str = ""
) -> str:
    return f"nft -f - <<'END'\ntable {family} site6 {{\n{head}\nchain c {{ type filter hook {hook}; policy {policy};\n{body}\n}}\n}}\nEND"


_NEIGHBOURS = "\nip -6 neigh flush all; for c in web app1 app2; do inside $c ip -6 neigh flush all; done"

_cut6("forwarding-off", "sysctl -qw net.ipv6.conf.all.forwarding=0", "ipv6.*forward|forward.*ipv6")
_cut6("default-gone", "ip -6 route del default", "no (default )?route|default route")
_cut6("default-wrong-gateway", "ip -6 route replace default via 2001:db8:51::77 dev eth0; ip -6 route del default via $out6 || true",
      "2001:db8:51::77")  # fmt: skip
_cut6("default-device-dead", "tunnel; ip -6 route add 2000::/3 dev tun0", "tun0")
_cut6("blackhole", "ip -6 route add blackhole 2001:db8:80::/48", "blackhole")
_cut6("unreachable-subnet", "ip -6 route add unreachable fd00:88::/80", "unreachable")
_cut6("prohibit-by-source", "ip -6 route add prohibit 2001:db8:80::/48 from fd00:88::/64", "prohibit")
_cut6("subnet-route-gone", "ip -6 route del fd00:88::/64 dev br-app", "fd00:88")
_cut6(
    "rule-table",
    "ip -6 rule add from fd00:88::/64 lookup 99 pref 100; ip -6 route add unreachable default table 99",
    "table 99|rule 100",
)
_cut6("rule-prohibit", "ip -6 rule add iif br-app prohibit pref 90", "rule 90|prohibit")
# The kernel looks at rules of IPv6 only once one was added.
_cut6(
    "rule-main-gone",
    "ip -6 rule add to 2001:db8:dead::/48 lookup main pref 50; ip -6 rule del pref 32766",
    "main|rule",
)
_cut6("bridge-address-gone", "ip -6 addr del fd00:88::1/64 dev br-app", "fd00:88|br-app")
_cut6("bridge-ipv6-off", "sysctl -qw net.ipv6.conf.br-app.disable_ipv6=1", "disable_ipv6|ipv6")
_cut6("all-ipv6-off", "sysctl -qw net.ipv6.conf.all.disable_ipv6=1", "disable_ipv6|ipv6")
_cut6(
    "uplink-address-gone",
    "ip -6 addr flush dev eth0 scope global",
    "2001:db8:51|eth0.*address|address.*eth0|default route",
)
_cut6("uplink-mtu-1200", "ip link set eth0 mtu 1200", "mtu")
_cut6("bridge-mtu-1200", "ip link set br-app mtu 1200", "mtu")
_cut6("target-on-host", "ip -6 addr add 2001:db8:80::80/128 dev lo", "2001:db8:80::80")
_cut6("container-on-host", "ip -6 addr add fd00:88::2/128 dev lo", "fd00:88::2")
_cut6("neighbour-wrong", "ip -6 neigh replace $app1_6 lladdr 02:00:00:00:00:99 dev br-app nud permanent", "neighbo")
_cut6(
    "solicitations-dropped",
    _nft("icmpv6 type nd-neighbor-solicit drop", hook="input priority 0") + _NEIGHBOURS,
    "site6|solicit",
)
_cut6(
    "icmp-input-dropped",
    "ip6tables -I INPUT -p ipv6-icmp -j DROP" + _NEIGHBOURS.replace("\n", "; "),
    "ipv6-icmp|icmp|INPUT",
)
_cut6("docker-user-drop", "ip6tables -I DOCKER-USER -j DROP", "DOCKER-USER")
_cut6(
    "forward-policy-drop",
    _nft("ct state established,related accept", policy="drop", hook="forward priority 10"),
    "site6",
)
_cut6("forward-flushed-drop", "ip6tables -P FORWARD DROP; ip6tables -F FORWARD", "FORWARD|ip6tables")
_cut6("nat-flushed", "ip6tables -t nat -F", "nat|masquerad|ip6tables")
_cut6("all-flushed", "ip6tables -F; ip6tables -t nat -F; ip6tables -P FORWARD DROP", "ip6tables|FORWARD|flush")
_cut6("raw-drop", "ip6tables -t raw -A PREROUTING -i br-app -j DROP", "raw")
_cut6("notrack", "ip6tables -t raw -A PREROUTING -i br-app -j NOTRACK", "notrack|raw|CT")
_cut6("mangle-hops", "ip6tables -t mangle -A PREROUTING -i br-app -j HL --hl-set 1", "HL|mangle|ttl|hop")
_cut6(
    "set-drop",
    _nft("ip6 saddr @bad drop", head="set bad { type ipv6_addr; flags interval; elements = { fd00:88::/64 }; }"),
    "site6",
)
_cut6(
    "netdev-drop", _nft("ether type ip6 drop", family="netdev", hook="ingress device br-app priority 0"), "site6|netdev"
)
_cut6("bridge-drop", _nft("ether type ip6 ip6 daddr fd00:88::3 drop", family="bridge"), "site6|bridge")
_cut6("ebtables-drop", "ebtables -A FORWARD -p IPv6 -j DROP", "ebtables|bridge")
_cut6("snat-wrong",
      "nft -f - <<'END'\ntable ip6 site6 {\nchain c { type nat hook postrouting priority 90;\nip6 saddr fd00:88::/64 snat to 2001:db8:99::9\n}\n}\nEND",
      "snat|site6")  # fmt: skip
_cut6(
    "dnat-elsewhere",
    "ip6tables -t nat -I PREROUTING -p tcp --dport 8081 -j DNAT --to-destination [fd00:88::99]:80",
    "fd00:88::99|DNAT",
)
_cut6("input-drop", "ip6tables -P INPUT DROP; ip6tables -A INPUT -p ipv6-icmp -j ACCEPT; ip6tables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
      "INPUT")  # fmt: skip
_cut6("inside-ipv6-off", "inside app1 sh -c 'echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6'", "disable_ipv6|ipv6")
_cut6(
    "inside-address-gone",
    "inside app1 ip -6 addr flush dev eth0 scope global",
    "fd00:88::2|app1.*address|address.*app1",
)
_cut6("inside-default-gone", "inside app1 ip -6 route del default", "app1.*default|default.*app1")
_cut6("inside-default-wrong", "inside app1 ip -6 route replace default via fd00:88::99; inside app1 ip -6 route del default via fd00:88::1 || true",
      "fd00:88::99")  # fmt: skip
_cut6("inside-blackhole", "inside app1 ip -6 route add blackhole 2001:db8::/32", "blackhole")
_cut6(
    "inside-neighbour-wrong",
    "inside app1 ip -6 neigh replace fd00:88::1 lladdr 02:00:00:00:00:99 dev eth0 nud permanent",
    "neighbo",
)
_cut6("inside-output-drop", "inside app1 ip6tables -A OUTPUT -p tcp -j DROP", "app1")
_cut6("inside-hop-limit-1", "inside app1 sh -c 'echo 1 >/proc/sys/net/ipv6/conf/eth0/hop_limit'", "hop|ttl")
_cut6(
    "neighbours-not-asked",
    "for d in docker0 br-app eth0; do echo 0 >/proc/sys/net/ipv6/neigh/$d/mcast_solicit; done" + _NEIGHBOURS,
    "mcast_solicit",
)
