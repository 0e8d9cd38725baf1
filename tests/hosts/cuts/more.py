"""Further hops of the issue's list: marks and rules of routing, next hop objects, zones, filters of tc, ICMP errors that are needed."""

from tests.hosts.cuts.cut import cut

cut(
    "route/next-hop-blackhole",
    "ip nexthop add id 7 blackhole; ip route add 198.51.100.2/32 nhid 7",
    "blackhole|198.51.100.2",
)
cut("route/several-dead-hops",
    "ip route add 198.51.100.2/32 nexthop via 198.51.100.77 dev eth0 nexthop via 198.51.100.78 dev eth0", "198.51.100.7[78]|198.51.100.2/32")  # fmt: skip
cut("route/next-hop-group-dead",
    "ip nexthop add id 8 via 198.51.100.77 dev eth0; ip nexthop add id 9 via 198.51.100.78 dev eth0; ip nexthop add id 10 group 8/9;"
    " ip route add 198.51.100.2/32 nhid 10", "198.51.100.7[78]|nhid 10")  # fmt: skip
cut("route/via-inet6-dead",
    "sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0; ip route add 198.51.100.2 via inet6 fe80::dead dev eth0", "fe80::dead")  # fmt: skip
cut("route/second-interface",
    "ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; ip addr add 192.168.77.5/24 dev v0;"
    " ip route add 198.51.100.2 via 192.168.77.1", "192.168.77.1|v0")  # fmt: skip
cut("route/local-route", "ip route add local 198.51.100.2/32 dev lo", "198.51.100.2")
cut("route/source-wrong", "ip addr add 203.0.113.5/32 dev lo; ip route replace 198.51.100.2/32 dev eth0 src 203.0.113.5;"
    " iptables -t nat -I POSTROUTING -o eth0 -j SNAT --to-source 203.0.113.5", "203.0.113.5|SNAT")  # fmt: skip
cut("rule/ports-range", "ip rule add iif docker0 ipproto tcp dport 1-1023 blackhole pref 61", "rule 61|blackhole")
cut("rule/source-port", "ip rule add ipproto tcp sport 80 iif br-app prohibit pref 62", "rule 62|prohibit")
cut("rule/users", "ip rule add uidrange 0-0 to 10.88.0.0/24 unreachable pref 63", "rule 63|unreachable")
cut(
    "rule/tos",
    "ip rule add tos 0x10 blackhole pref 66; iptables -t mangle -A PREROUTING -i docker0 -j TOS --set-tos 0x10",
    "rule 66|tos 0x10",
)
cut(
    "rule/dscp",
    "ip rule add dscp 46 blackhole pref 67; iptables -t mangle -A PREROUTING -i docker0 -j DSCP --set-dscp 46",
    "rule 67|dscp 46",
)
cut("rule/mark-by-nft",
    "nft -f - <<'END'\ntable inet vpn {\nchain c { type filter hook prerouting priority -150;\niifname docker0 meta mark set 0x77\n}\n}\nEND"
    "\nip rule add fwmark 0x77 lookup 77 pref 64; ip route add unreachable default table 77", "rule 64|table 77|0x77")  # fmt: skip
cut("rule/tproxy-nobody",
    "ip rule add fwmark 0x1 lookup 65 pref 65; ip route add local default dev lo table 65;"
    " iptables -t mangle -A PREROUTING -i docker0 -p tcp -j MARK --set-mark 1", "rule 65|table 65|local|0x1")  # fmt: skip
cut("sysctl/rp-filter-by-rule",
    "tunnel; ip rule add iif lo to 172.17.0.2 lookup 50 pref 50; ip route add 172.17.0.2 dev tun0 table 50;"
    " sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.docker0.rp_filter=1", "rp_filter|reverse path|rule 50|table 50")  # fmt: skip
cut("sysctl/rp-filter-inside",
    "inside app1 sh -c 'echo 1 >/proc/sys/net/ipv4/conf/eth0/rp_filter; echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter';"
    " inside app1 ip tuntap add dev t0 mode tun; inside app1 ip link set t0 up;"
    " inside app1 ip rule add iif lo to 10.88.0.3 lookup 9 pref 9; inside app1 ip route add 10.88.0.3 dev t0 table 9",
    "rp_filter|rule 9|table 9|t0")  # fmt: skip
cut("sysctl/arp-ignore-all", "sysctl -qw net.ipv4.conf.all.arp_ignore=8; ip neigh flush all; inside app1 ip neigh flush all;"
    " inside web ip neigh flush all", "arp_ignore")  # fmt: skip
cut("sysctl/conntrack-syn-sent-0", "sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_syn_sent=0", "timeout_syn_sent")
cut("sysctl/conntrack-max-retrans-0", "sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_max_retrans=0", "max_retrans")
cut("sysctl/conntrack-udp-0", "sysctl -qw net.netfilter.nf_conntrack_udp_timeout=0", "udp_timeout")
cut("sysctl/ttl-1", "sysctl -qw net.ipv4.ip_default_ttl=1; iptables -t mangle -I FORWARD -j TTL --ttl-set 1", "ttl")
cut("pmtu/icmp-blocked", "ip link set eth0 mtu 900; iptables -I OUTPUT -p icmp -j DROP", "mtu|icmp")
cut("pmtu/icmp-blocked-inside", "ip link set eth0 mtu 900; inside app1 iptables -A INPUT -p icmp -j DROP", "mtu|icmp")
cut("pmtu/bridge-smaller-than-container", "ip link set br-app mtu 600", "mtu")
cut(
    "bridge/vlan-filtering",
    "ip link set br-app type bridge vlan_filtering 1; bridge vlan del vid 1 dev br-app self",
    "vlan",
)
cut("bridge/nf-and-raw",
    "sysctl -qw net.bridge.bridge-nf-call-iptables=1; iptables -t raw -A PREROUTING -m physdev --physdev-in $(veth app1) -j DROP",
    "raw")  # fmt: skip
cut("bridge/fdb-local", "bridge fdb replace $(mac app2) dev br-app self permanent; bridge fdb replace $(mac app2) dev $(veth app1) master permanent",
    "fdb|forwarding|mac|neighbo")  # fmt: skip
cut(
    "bridge/port-of-none",
    "ip link set $(veth app2) nomaster; ip link set $(veth app1) nomaster",
    "bridge|not attached|port",
)
cut("tc/redirect",
    "tc qdisc add dev docker0 clsact; tc filter add dev docker0 ingress protocol ip u32 match ip dst 198.51.100.2/32"
    " action mirred egress redirect dev lo", "tc|filter|clsact")  # fmt: skip
cut("xfrm/block", "ip xfrm policy add dir fwd src 172.17.0.0/16 dst 198.51.100.0/24 action block", "xfrm|ipsec|policy")
cut("nft/zone", "nft -f - <<'END'\ntable ip zones {\nchain c { type filter hook prerouting priority -300;\niifname eth0 ct zone set 5\n}\n}\nEND",
    "zone")  # fmt: skip
cut("nft/netdev-fwd",
    "nft -f - <<'END'\ntable netdev site {\nchain c { type filter hook ingress device docker0 priority 0;\n"
    "ip daddr 198.51.100.2 fwd to lo\n}\n}\nEND", "site|netdev")  # fmt: skip
cut("nft/set-with-ranges",
    "nft -f - <<'END'\ntable inet ban {\nset nets { type ipv4_addr . inet_service; flags interval;\n"
    "elements = { 198.51.100.0/24 . 1-1023, 10.88.0.0/24 . 53 }; }\n"
    "chain c { type filter hook forward priority -1;\nip daddr . tcp dport @nets drop\n}\n}\nEND", "ban|nets")  # fmt: skip
cut("nft/vmap-jump",
    "nft -f - <<'END'\ntable inet site {\nchain bad { tcp dport 80 drop\n}\nchain c { type filter hook forward priority 2;\n"
    'meta mark . iifname vmap { 0x0 . "docker0" : goto bad }\n}\n}\nEND', "site|bad")  # fmt: skip
cut("ipt/redirect-port", "iptables -t nat -I PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 9", "REDIRECT|8080")
cut(
    "ipt/dnat-elsewhere",
    "iptables -t nat -I PREROUTING -p tcp --dport 8081 -j DNAT --to-destination 10.88.0.99:80",
    "10.88.0.99|DNAT",
)
cut(
    "ipt/snat-wrong",
    "iptables -t nat -I POSTROUTING -s 10.88.0.0/24 -o eth0 -j SNAT --to-source 203.0.113.9",
    "203.0.113.9|SNAT",
)
cut("ipt/docker-chain-flushed", "iptables -F DOCKER; iptables -t nat -F DOCKER", "DOCKER")
cut("ipt/isolation-of-peers", "iptables -I DOCKER-ISOLATION-STAGE-1 -i docker0 -j DROP", "ISOLATION|DOCKER")
cut(
    "ipt/legacy-nat",
    "iptables-legacy -t nat -A PREROUTING -p tcp --dport 8081 -j DNAT --to-destination 10.88.0.98",
    "legacy|10.88.0.98",
)
cut("ipt/ipset", "nft add table ip keep; iptables -N BLOCK; iptables -A BLOCK -s 172.17.0.0/24 -p tcp -m multiport --dports 80,443 -j DROP;"
    " iptables -I FORWARD 1 -j BLOCK", "BLOCK")  # fmt: skip
