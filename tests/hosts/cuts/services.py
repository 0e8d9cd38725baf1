"""Names, proxies, and the files of other programs that bring a fault back."""

from tests.hosts.cuts.cut import cut

cut(
    "name/resolv-conf-wrong",
    # A container may set its own name server within five seconds of its start.
    "sleep 6; docker exec app1 sh -c 'echo nameserver 203.0.113.53 >/etc/resolv.conf'",
    "resolv|203.0.113.53",
)
cut("name/hosts-poisoned", "docker exec app1 sh -c 'echo 203.0.113.5 app2 host.test >>/etc/hosts'", "hosts")
cut("name/resolv-conf-empty", "docker exec app1 sh -c ': >/etc/resolv.conf'", "resolv|name server")
cut("proxy/dead", "for p in $(pidof docker-proxy); do kill -9 $p; done", "proxy")
cut("proxy/port-taken",
    "for p in $(pidof docker-proxy); do kill -9 $p; done; sleep 0.2; for p in 8080 8082; do"
    " setsid --fork busybox nc -lk -p $p -s 127.0.0.1 -e /bin/false >/dev/null 2>&1 </dev/null; done", "proxy|8080|port")  # fmt: skip
cut("proxy/stopped", "for p in $(pidof docker-proxy); do kill -STOP $p; done", "proxy|stopped")
cut("file/sysctl-hardening",
    "printf 'net.ipv4.ip_forward = 0\\n' >/etc/sysctl.d/99-hardening.conf; sysctl -qw net.ipv4.ip_forward=0", "99-hardening")  # fmt: skip
cut("file/ufw-sysctl",
    "mkdir -p /etc/ufw; printf 'net/ipv4/ip_forward=0\\n' >/etc/ufw/sysctl.conf; printf 'ENABLED=yes\\n' >/etc/ufw/ufw.conf;"
    " printf 'IPT_SYSCTL=/etc/ufw/sysctl.conf\\nDEFAULT_FORWARD_POLICY=\"DROP\"\\n' >/etc/default/ufw;"
    " sysctl -qw net.ipv4.ip_forward=0", "ufw|forward")  # fmt: skip
cut("file/networkd-takes-docker0",
    "mkdir -p /etc/systemd/network; printf '[Match]\\nName=*\\n[Network]\\nAddress=192.168.9.1/24\\n'"
    " >/etc/systemd/network/10-all.network; ip addr flush dev docker0; ip addr add 192.168.9.1/24 dev docker0",
    "10-all.network|docker0")  # fmt: skip
cut("file/networkmanager-takes-bridge",
    "mkdir -p /etc/NetworkManager/system-connections; printf '[connection]\\nid=x\\ntype=bridge\\ninterface-name=br-app\\n[ipv4]\\n"
    "method=disabled\\n' >/etc/NetworkManager/system-connections/x.nmconnection; chmod 600"
    " /etc/NetworkManager/system-connections/x.nmconnection; ip addr flush dev br-app", "nmconnection|br-app")  # fmt: skip
cut("file/nftables-conf",
    "enabled nftables; printf 'flush ruleset\\ntable inet filter {\\nchain forward { type filter hook forward priority filter; policy drop; }\\n}\\n'"
    " >/etc/nftables.conf; nft -f /etc/nftables.conf", "nftables.conf|inet filter")  # fmt: skip
cut("file/iptables-saved",
    "enabled netfilter-persistent; mkdir -p /etc/iptables; printf '*filter\\n:INPUT ACCEPT [0:0]\\n:FORWARD DROP [0:0]\\n:OUTPUT ACCEPT [0:0]\\nCOMMIT\\n'"
    " >/etc/iptables/rules.v4; iptables-restore /etc/iptables/rules.v4", "rules.v4|FORWARD")  # fmt: skip
cut("file/firewalld-direct",
    "mkdir -p /etc/firewalld; printf '<direct><rule ipv=\"ipv4\" table=\"filter\" chain=\"FORWARD\" priority=\"0\">-j REJECT</rule>"
    "</direct>' >/etc/firewalld/direct.xml; iptables -I FORWARD -j REJECT --reject-with icmp-host-prohibited", "FORWARD|REJECT")  # fmt: skip
cut("file/interfaces-up-rule",
    "enabled networking; mkdir -p /etc/network; printf 'auto eth0\\niface eth0 inet manual\\n up ip rule add iif br-app blackhole pref 77\\n'"
    " >/etc/network/interfaces; ip rule add iif br-app blackhole pref 77", "rule 77|blackhole")  # fmt: skip
cut("file/daemon-ip-masq-off",
    "mkdir -p /etc/docker; printf '{\"ip-masq\": false}\\n' >/etc/docker/daemon.json;"
    " iptables -t nat -D POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE", "masq")  # fmt: skip
