"""Files of other programs that make a fault at each boot."""

from tests.hosts.cuts.cut import cut


def _interfaces(*lines: str) -> str:
    up = "".join(f"\\n up {line}" for line in lines)
    return (
        f"enabled networking; mkdir -p /etc/network; printf 'auto eth0\\niface eth0 inet manual{up}\\n' >/etc/network/interfaces; "
        + "; ".join(lines)
    )


cut("file/interfaces-route", _interfaces("ip route add blackhole 198.51.100.2/32"), "blackhole|interfaces")
cut("file/interfaces-iptables", _interfaces("iptables -I DOCKER-USER -i br-app -j DROP || iptables -t raw -A PREROUTING -i br-app -j DROP"),
    "br-app|interfaces|DOCKER-USER")  # fmt: skip
cut("file/nftables-conf-raw",
    "enabled nftables; printf 'table ip own {\\nchain c { type filter hook prerouting priority raw; ip saddr 10.88.0.0/24 drop; }\\n}\\n'"
    " >/etc/nftables.conf; nft -f /etc/nftables.conf", "own|nftables.conf")  # fmt: skip
cut("file/rules-v4-enabled",
    "enabled netfilter-persistent; mkdir -p /etc/iptables; printf '*mangle\\n:FORWARD ACCEPT [0:0]\\n-A FORWARD -o eth0 -j DROP\\nCOMMIT\\n'"
    " >/etc/iptables/rules.v4; iptables-restore --noflush /etc/iptables/rules.v4", "mangle|rules.v4")  # fmt: skip
cut("file/sysctl-arp-ignore",
    "printf 'net.ipv4.conf.all.arp_ignore = 8\\n' >/etc/sysctl.d/90-arp.conf; sysctl -qw net.ipv4.conf.all.arp_ignore=8;"
    " ip neigh flush all; inside web ip neigh flush all; inside app1 ip neigh flush all", "arp_ignore|90-arp")  # fmt: skip
cut("file/sysctl-uplink-forwarding",
    "printf 'net.ipv4.conf.eth0.forwarding = 0\\n' >/etc/sysctl.d/91-eth0.conf; sysctl -qw net.ipv4.conf.eth0.forwarding=0",
    "91-eth0|eth0.*forward|forward.*eth0")  # fmt: skip
cut("file/host-resolv-conf",
    "printf 'nameserver 203.0.113.53\\n' >/etc/resolv.conf; docker restart -t 0 app1 >/dev/null", "203.0.113.53|resolv")  # fmt: skip
cut("file/daemon-iptables-off",
    "printf '{\"iptables\": false}\\n' >/etc/docker/daemon.json; iptables -t nat -F; iptables -F FORWARD", "iptables|masquerad|flush")  # fmt: skip
cut("file/ufw-policy",
    "mkdir -p /etc/ufw; printf 'ENABLED=yes\\n' >/etc/ufw/ufw.conf; printf 'DEFAULT_FORWARD_POLICY=\"DROP\"\\n' >/etc/default/ufw;"
    " iptables -N ufw-user-forward; iptables -A ufw-user-forward -i docker0 -j DROP; iptables -I FORWARD -j ufw-user-forward",
    "ufw")  # fmt: skip
