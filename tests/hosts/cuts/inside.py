"""Faults inside a container's namespace, and of the programs that listen in it."""

from tests.hosts.cuts.cut import cut

cut("inside/second-default", "inside web ip route add default via 172.17.0.99 metric 0; inside web ip route del default via 172.17.0.1"
    " || true; inside web ip route add default via 172.17.0.1 metric 50", "172.17.0.99")  # fmt: skip
cut("inside/subnet-route-gone", "inside app1 ip route del 10.88.0.0/24; inside app1 ip route add 10.88.0.1 dev eth0",
    "10.88.0|app1.*route|route.*app1")  # fmt: skip
cut("inside/rule-table-empty",
    "inside web ip rule add to 198.51.100.0/24 lookup 99 pref 100; inside web ip route add unreachable default table 99",
    "table 99|rule 100")  # fmt: skip
cut("inside/rule-main-gone", "inside app1 ip rule del pref 32766", "main|rule")
cut("inside/tunnel-takes-all",
    "inside web ip tuntap add dev tun0 mode tun; inside web ip link set tun0 up; inside web ip route add 0.0.0.0/1 dev tun0;"
    " inside web ip route add 128.0.0.0/1 dev tun0", "tun0")  # fmt: skip
cut("inside/raw-drop", "inside app1 iptables -t raw -A PREROUTING -i eth0 -p tcp -j DROP", "app1.*raw|raw")
cut("inside/redirect", "inside app1 iptables -t nat -A OUTPUT -p tcp --dport 80 -j REDIRECT --to-ports 9",
    "REDIRECT|app1.*(9|nat)|no socket|listen")  # fmt: skip
cut("inside/nft-set",
    "inside web nft -f - <<'END'\ntable ip own {\nset bad { type ipv4_addr; elements = { 198.51.100.2 }; }\n"
    "chain c { type filter hook output priority 0; ip daddr @bad reject\n}\n}\nEND", "own|web")  # fmt: skip
cut("inside/mtu-68", "inside app1 ip link set eth0 mtu 68", "mtu")
cut("inside/tbf-tiny", "inside web tc qdisc replace dev eth0 root tbf rate 8kbit burst 20 limit 20", "tbf|queue|qdisc")
cut("inside/qdisc-blackhole", "inside web tc qdisc replace dev eth0 root blackhole", "blackhole|queue|qdisc")
cut("inside/address-twice",
    "inside web ip addr add 198.51.100.2/32 dev lo", "198.51.100.2")  # fmt: skip
cut("inside/gateway-address-taken", "inside app1 ip addr add 10.88.0.1/32 dev lo", "10.88.0.1")
cut("inside/neighbour-peer-wrong",
    "inside app1 ip neigh replace 10.88.0.3 lladdr 02:00:00:00:00:99 dev eth0 nud permanent", "neighbo")  # fmt: skip
cut("inside/forwarded-elsewhere", "inside web ip route replace default via 172.17.0.3", "172.17.0.3")
cut("socket/only-loopback",
    "p=$(pid web); nsenter -t $p -m -n -p -r sh -c 'kill -STOP 1' || true; kill -STOP $p", "stopped|socket|listen|accept|web")  # fmt: skip
