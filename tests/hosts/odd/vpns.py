"""VPNs: their devices, rules of routing and firewalls, with a tunnel in user space that really carries packets."""

from tests.hosts.odd.odd_host import ENGINES, odd

FAR = "203.0.113.10"
"""An address outside that only a default route leads to."""
TUNNEL_OUTSIDE = f"""
ip addr add {FAR}/32 dev lo
ip tuntap add dev tun0 mode tun; ip link set tun0 up; ip addr add 10.8.0.1/24 dev tun0
tunnel tun0 51820 - 0 0 $box
"""
"""The lines that make the other end of a tunnel outside."""


def tunnel_device(name: str, mark: str = "0", mtu: int = 1420) -> str:
    """Return the lines that make a tunnel device of the host, and begin its tunnel."""
    return f"""
ip tuntap add dev {name} mode tun; ip link set {name} mtu {mtu} up; ip addr add 10.8.0.2/24 dev {name}
tunnel {name} 40000 $out 51820 {mark} 1
"""


BY_TUNNEL = f"get web http://{FAR}/ | grep -qx 10.8.0.2"
"""Shows that a container's packets pass the tunnel."""

odd(
    "vpn/wireguard-full",
    outside=TUNNEL_OUTSIDE,
    script=tunnel_device("wg0", "0xca6c")
    + """
ip rule add not fwmark 51820 table 51820
ip rule add table main suppress_prefixlength 0
ip route add 0.0.0.0/0 dev wg0 table 51820
sysctl -qw net.ipv4.conf.all.src_valid_mark=1
nft -f - <<'END'
table ip wg-quick-wg0 {
    chain preraw { type filter hook prerouting priority raw; policy accept; iifname != "wg0" ip daddr 10.8.0.2 fib saddr type != local drop; }
    chain premangle { type filter hook prerouting priority mangle; policy accept; meta l4proto udp meta mark set ct mark; }
    chain postmangle { type filter hook postrouting priority mangle; policy accept; meta l4proto udp meta mark 0x0000ca6c ct mark set mark; }
}
END
""",
    checks=(BY_TUNNEL, f"get app1 http://{FAR}/ | grep -qx 10.8.0.2", f"fetch http://{FAR}/ | grep -qx 10.8.0.2"),
    engines=ENGINES,
)
odd(
    "vpn/openvpn-redirect-gateway",
    outside=TUNNEL_OUTSIDE,
    script=tunnel_device("tun0")
    + """
ip route add 0.0.0.0/1 via 10.8.0.1 dev tun0
ip route add 128.0.0.0/1 via 10.8.0.1 dev tun0
ip route add $out/32 via $out dev eth0
""",
    checks=(BY_TUNNEL,),
)
odd(
    "vpn/split-tunnel",
    outside=TUNNEL_OUTSIDE + "ip addr add 10.200.0.5/32 dev lo\n",
    script=tunnel_device("tun0")
    + """
ip route add 10.0.0.0/8 via 10.8.0.1 dev tun0
ip route add 192.168.0.0/16 via 10.8.0.1 dev tun0
""",
    checks=("get app1 http://10.200.0.5/ | grep -qx 10.8.0.2",),
)
odd(
    "vpn/tailscale",
    outside=TUNNEL_OUTSIDE.replace("10.8.0.1/24", "100.64.0.1/10"),
    script=tunnel_device("tailscale0", "0x80000", 1280).replace("10.8.0.2/24", "100.64.0.2/32")
    + """
for family in 4 6; do
    ip -$family rule add pref 5210 fwmark 0x80000/0xff0000 lookup main
    ip -$family rule add pref 5230 fwmark 0x80000/0xff0000 lookup default
    ip -$family rule add pref 5250 fwmark 0x80000/0xff0000 unreachable
    ip -$family rule add pref 5270 lookup 52
done
ip route add 100.64.0.1 dev tailscale0 table 52
ip route add 100.100.100.100 dev tailscale0 table 52
ip route add throw 127.0.0.0/8 table 52
iptables -N ts-input; iptables -N ts-forward; iptables -t nat -N ts-postrouting
iptables -A ts-input -s 100.64.0.2/32 -i lo -j ACCEPT
iptables -A ts-input -s 100.115.92.0/23 ! -i tailscale0 -j RETURN
iptables -A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
iptables -A ts-input -i tailscale0 -j ACCEPT
iptables -A ts-input -p udp --dport 41641 -j ACCEPT
iptables -A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
iptables -A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
iptables -A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP
iptables -A ts-forward -o tailscale0 -j ACCEPT
iptables -t nat -A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
iptables -I INPUT -j ts-input; iptables -I FORWARD -j ts-forward; iptables -t nat -I POSTROUTING -j ts-postrouting
""",
    checks=("get web http://100.64.0.1/ | grep -qx 100.64.0.2",),
    engines=ENGINES,
)
odd(
    "vpn/sidecar-with-kill-switch",
    outside=TUNNEL_OUTSIDE,
    script="""
work --name gluetun --cap-add NET_ADMIN -p 8090:80 --dns 127.0.0.1
serve --name behind --network container:gluetun
mine=$(address gluetun)
inside gluetun sh -ec "
ip tuntap add dev tun0 mode tun; ip link set tun0 mtu 1320 up; ip addr add 10.8.0.2/24 dev tun0
ip rule add pref 100 from $mine lookup 200
ip route add default via 172.17.0.1 dev eth0 table 200
ip rule add pref 101 not fwmark 51820 lookup 51820
ip route add default dev tun0 table 51820
ip rule add pref 98 to 172.17.0.0/16 lookup main
iptables -P INPUT DROP; iptables -P OUTPUT DROP; iptables -P FORWARD DROP
iptables -A INPUT -i lo -j ACCEPT; iptables -A OUTPUT -o lo -j ACCEPT
iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -A OUTPUT -o eth0 -d $out -p udp --dport 51820 -j ACCEPT
iptables -A OUTPUT -o tun0 -j ACCEPT
iptables -A OUTPUT -o eth0 -s $mine -d 172.17.0.0/16 -j ACCEPT
iptables -A INPUT -i eth0 -d 172.17.0.0/16 -j ACCEPT
iptables -A INPUT -i eth0 -p tcp --dport 80 -j ACCEPT
"
nsenter -t $(pid gluetun) -n sh -c "setsid --fork $python $odd/tunnel.py tun0 40000 $out 51820 51820 1 </dev/null >/dev/null 2>&1"
""",
    checks=(
        f"get behind http://{FAR}/ | grep -qx 10.8.0.2",
        "fetch http://127.0.0.1:8090/ | grep -q hello",
        "fetch http://198.51.100.1:8090/ | grep -q hello",
    ),
    engines=ENGINES,
)
odd(
    "vpn/point-to-point-default",
    outside=TUNNEL_OUTSIDE,
    script="""
ip tuntap add dev ppp0 mode tun; ip link set ppp0 mtu 1492 up; ip addr add 10.8.0.2 peer 10.8.0.1 dev ppp0
tunnel ppp0 40000 $out 51820 0 1
ip route replace default dev ppp0
iptables -t mangle -A FORWARD -o ppp0 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
""",
    checks=(BY_TUNNEL,),
)
