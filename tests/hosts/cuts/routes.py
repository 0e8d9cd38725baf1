"""Routes, rules of routing and settings beneath /proc/sys/net."""

from tests.hosts.cuts.cut import cut

cut("route/default-gone", "ip route del default; ip route del 198.51.100.0/24 dev eth0; ip route add 198.51.100.3 dev eth0",
    "no (default )?route|default route")  # fmt: skip
cut("route/default-wrong-gateway",
    "ip route del default; ip route add default via 198.51.100.77; ip route add 198.51.100.2 via 198.51.100.77",
    "198.51.100.77")  # fmt: skip
cut("route/blackhole", "ip route add blackhole 198.51.100.2/32", "blackhole")
cut("route/unreachable-subnet", "ip route add unreachable 172.17.0.0/24", "unreachable")
cut("route/prohibit-subnet", "ip route add prohibit 10.88.0.0/25", "prohibit")
cut("route/vpn-takes-all", "tunnel; ip route add 128.0.0.0/1 dev tun0; ip route add 198.51.100.2 dev tun0", "tun0")
cut("route/vpn-over-subnet", "tunnel; ip route add 172.17.0.0/24 dev tun0", "tun0")
cut("route/subnet-gone", "ip route del 172.17.0.0/16 dev docker0", "route.*172.17|172.17.*route")
cut("route/subnet-to-uplink", "ip route add 10.88.0.0/25 via 198.51.100.2", "10.88.0.0/25|eth0")
cut("route/default-gone-inside", "inside web ip route del default", "web.*default|default.*web")
cut("route/default-wrong-inside", "inside app1 ip route replace default via 10.88.0.99", "10.88.0.99")
cut("route/blackhole-inside", "inside web ip route add blackhole 198.51.100.0/24", "blackhole")
cut("rule/table-unreachable",
    "ip rule add from 172.17.0.0/16 lookup 99 pref 100; ip route add unreachable default table 99", "table 99|rule 100")  # fmt: skip
cut("rule/goto-past-main", "ip rule add pref 100 iif docker0 goto 32767", "rule 100|goto 32767")
cut(
    "rule/goto-a-prohibit",
    "ip rule add pref 90 iif br-app goto 33000; ip rule add pref 33000 prohibit",
    "rule 90|goto 33000",
)
cut("rule/iif-prohibit", "ip rule add iif docker0 prohibit pref 90", "prohibit|rule 90")
cut("rule/fwmark-blackhole",
    "ip rule add fwmark 0x42 blackhole pref 80; iptables -t mangle -A PREROUTING -i br-app -j MARK --set-mark 0x42",
    "0x42|blackhole|rule 80")  # fmt: skip
cut("rule/to-subnet-elsewhere",
    "ip rule add to 172.17.0.0/16 lookup 100 pref 70; ip route add default via 198.51.100.2 table 100", "table 100|rule 70")  # fmt: skip
cut("rule/main-gone", "ip rule del pref 32766; ip rule add from $host lookup main pref 200; ip rule add to 127.0.0.0/8 lookup main",
    "main|rule")  # fmt: skip
cut("rule/dns-blackhole", "ip rule add ipproto udp dport 53 blackhole pref 60", "blackhole|rule 60")
cut("rule/wg-quick",
    "tunnel; ip rule add not fwmark 51820 lookup 51820 pref 32765; ip rule add lookup main suppress_prefixlength 0 pref 32764;"
    " ip route add default dev tun0 table 51820; ip route del 198.51.100.0/24 dev eth0", "tun0|51820")  # fmt: skip
cut("rule/local-last",
    "ip rule add pref 500 lookup local; ip rule add pref 400 lookup 44; ip route add default via $out table 44; ip rule del pref 0",
    "local|rule")  # fmt: skip
cut("rule/prohibit-inside", "inside app1 ip rule add to 198.51.100.0/24 prohibit pref 10", "prohibit|rule 10")
cut("sysctl/ip-forward-off", "sysctl -qw net.ipv4.ip_forward=0", "forward")
cut(
    "sysctl/docker0-forwarding-off",
    "sysctl -qw net.ipv4.conf.docker0.forwarding=0",
    "docker0.*forward|forward.*docker0",
)
cut("sysctl/uplink-forwarding-off", "sysctl -qw net.ipv4.conf.eth0.forwarding=0", "eth0.*forward|forward.*eth0")
cut("sysctl/rp-filter-asymmetric",
    "tunnel; ip rule add iif lo to $out lookup main pref 40; ip rule add from $out lookup 41 pref 41;"
    " ip rule add to $out iif eth0 lookup 42 pref 42; ip route add default dev tun0 table 42;"
    " ip route add 198.51.100.2 dev tun0; ip rule add iif docker0 lookup 43 pref 30; ip rule add iif br-app lookup 43 pref 31;"
    " ip route add 198.51.100.2 dev eth0 table 43; ip route add 172.17.0.0/16 dev docker0 table 43;"
    " ip route add 10.88.0.0/24 dev br-app table 43; sysctl -qw net.ipv4.conf.all.rp_filter=1", "rp_filter|reverse path")  # fmt: skip
cut("sysctl/arp-ignore-8", "sysctl -qw net.ipv4.conf.docker0.arp_ignore=8; inside web ip neigh flush all", "arp_ignore")
cut("sysctl/neighbours-not-asked",
    "for d in docker0 br-app eth0; do echo 0 >/proc/sys/net/ipv4/neigh/$d/mcast_solicit; done; ip neigh flush all", "mcast_solicit")  # fmt: skip
cut("sysctl/neighbours-not-asked-inside",
    "inside app1 sh -c 'echo 0 >/proc/sys/net/ipv4/neigh/eth0/mcast_solicit'; inside app1 ip neigh flush all", "mcast_solicit")  # fmt: skip
cut("sysctl/arp-ignore-inside",
    "inside app1 sh -c 'echo 8 >/proc/sys/net/ipv4/conf/eth0/arp_ignore'; ip neigh flush all; inside app2 ip neigh flush all",
    "arp_ignore")  # fmt: skip
cut("sysctl/ttl-1-inside", "inside web sh -c 'echo 1 >/proc/sys/net/ipv4/ip_default_ttl'", "ttl")
cut("sysctl/martians-inside",
    "inside app1 sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter'; inside app1 ip link add d0 type bridge;"
    " inside app1 ip link set d0 up; inside app1 ip route add 198.51.100.2 dev d0;"
    " inside app1 ip route add 10.88.0.3 dev d0", "rp_filter|d0")  # fmt: skip
