"""Firewalls that let containers work: hand-written, ufw, firewalld, and what keeps attackers out."""

from tests.hosts.odd.odd_host import ENGINES, odd

_NEW = "-m conntrack --ctstate NEW"
_EST = "-m conntrack --ctstate ESTABLISHED,RELATED"

odd(
    "firewall/nft-hardened",
    before="""
nft -f - <<'END'
table inet filter {
    set admins { type ipv4_addr; flags interval; elements = { 192.0.2.0/24, 203.0.113.5 }; }
    set bogons { type ipv4_addr; flags interval; elements = { 0.0.0.0/8, 240.0.0.0/4, 192.0.0.0/24 }; }
    chain input {
        type filter hook input priority filter; policy drop;
        ct state vmap { established : accept, related : accept, invalid : drop }
        iif "lo" accept
        ip saddr @bogons counter drop
        meta l4proto { icmp, ipv6-icmp } limit rate 20/second accept
        ip saddr @admins tcp dport 22 accept
        tcp dport { 80, 443, 8080, 8081 } accept
        iifname { "docker0", "br-*" } accept
        limit rate 5/minute log prefix "drop: "
    }
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state vmap { established : accept, related : accept, invalid : drop }
        ct status dnat accept
        iifname "docker0" oifname { "eth0", "docker0" } accept
        iifname "br-app" oifname { "eth0", "br-app" } accept
    }
    chain output { type filter hook output priority filter; policy accept; }
}
END
""",
    engines=ENGINES,
)
odd(
    "firewall/iptables-hardened-by-source",
    script=f"""
iptables -P INPUT DROP; iptables -P OUTPUT DROP
iptables -A INPUT -i lo -j ACCEPT; iptables -A OUTPUT -o lo -j ACCEPT
iptables -A INPUT {_EST} -j ACCEPT; iptables -A OUTPUT {_EST} -j ACCEPT
iptables -A INPUT -i docker0 -j ACCEPT; iptables -A INPUT -i br-app -j ACCEPT
iptables -A INPUT -p tcp -s 198.51.100.0/24 -m multiport --dports 22,8080,8081 -j ACCEPT
iptables -A OUTPUT -o docker0 -j ACCEPT; iptables -A OUTPUT -o br-app -j ACCEPT
iptables -A OUTPUT -o eth0 -p udp --dport 53 -j ACCEPT; iptables -A OUTPUT -o eth0 -p tcp -m multiport --dports 53,80,443 -j ACCEPT
iptables -I DOCKER-USER -i eth0 -j DROP
iptables -I DOCKER-USER -i eth0 -s 198.51.100.0/24 -j RETURN
iptables -I DOCKER-USER -i eth0 {_EST} -j RETURN
""",
    engines=ENGINES,
)
odd(
    "firewall/ports-closed-to-strangers",
    script="""
iptables -I DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 8080 ! -s 198.51.100.0/24 -j DROP
iptables -I DOCKER-USER -i eth0 -m geoip --src-cc XX -j DROP 2>/dev/null || true
iptables -I DOCKER-USER -i eth0 -m iprange ! --src-range 198.51.100.1-198.51.100.254 -m conntrack --ctstate NEW -j REJECT
iptables -I DOCKER-USER -o eth0 -d 169.254.169.254 -j REJECT
iptables -I DOCKER-USER -o eth0 -p tcp --dport 25 -j REJECT
""",
)
UFW = """
cp /usr/share/ufw/ufw.conf /usr/share/ufw/*.rules /etc/ufw/
"""
odd(
    "firewall/ufw",
    packages=("ufw",),
    before=UFW
    + """
ufw default deny incoming; ufw default allow outgoing; ufw default deny routed
ufw allow 22/tcp; ufw allow 8080,8081/tcp; ufw limit 2222/tcp; ufw --force enable
""",
    checks=("ufw status | grep -q 'Status: active'", "iptables -S FORWARD | grep -q ufw-before-forward"),
    engines=ENGINES,
)
# The rules that ufw-docker adds to ufw: those of its older releases look at flags, those of the newer ones at states.
_BY_FLAGS = "".join(
    f"-A DOCKER-USER -j DROP -d {net} -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN\n-A DOCKER-USER -j DROP -d {net} -p udp -m udp --dport 0:32767\n"
    for net in ("192.168.0.0/16", "10.0.0.0/8", "172.16.0.0/12")
)
_UFW_DOCKER_FLAGS = f"""
cat >>/etc/ufw/after.rules <<'END'
# BEGIN UFW AND DOCKER
*filter
:ufw-user-forward - [0:0]
:DOCKER-USER - [0:0]
-A DOCKER-USER -j RETURN -s 10.0.0.0/8
-A DOCKER-USER -j RETURN -s 172.16.0.0/12
-A DOCKER-USER -j RETURN -s 192.168.0.0/16
-A DOCKER-USER -j ufw-user-forward
{_BY_FLAGS}-A DOCKER-USER -j RETURN
COMMIT
# END UFW AND DOCKER
END
"""
_UFW_DOCKER = """
cat >>/etc/ufw/after.rules <<'END'
# BEGIN UFW AND DOCKER
*filter
:ufw-user-forward - [0:0]
:ufw-docker-logging-deny - [0:0]
:DOCKER-USER - [0:0]
-A DOCKER-USER -j ufw-user-forward
-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A DOCKER-USER -m conntrack --ctstate INVALID -j DROP
-A DOCKER-USER -i docker0 -o docker0 -j ACCEPT
-A DOCKER-USER -j RETURN -s 10.0.0.0/8
-A DOCKER-USER -j RETURN -s 172.16.0.0/12
-A DOCKER-USER -j RETURN -s 192.168.0.0/16
-A DOCKER-USER -j ufw-docker-logging-deny -m conntrack --ctstate NEW -d 10.0.0.0/8
-A DOCKER-USER -j ufw-docker-logging-deny -m conntrack --ctstate NEW -d 172.16.0.0/12
-A DOCKER-USER -j ufw-docker-logging-deny -m conntrack --ctstate NEW -d 192.168.0.0/16
-A DOCKER-USER -j RETURN
-A ufw-docker-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW DOCKER BLOCK] "
-A ufw-docker-logging-deny -j DROP
COMMIT
# END UFW AND DOCKER
END
"""
_UFW_CHECK = "iptables -S DOCKER-USER | grep -q -- '-j ufw-user-forward'"
odd(
    "firewall/ufw-docker",
    packages=("ufw",),
    before=UFW
    + _UFW_DOCKER
    + "ufw allow 22/tcp; ufw allow 8080,8081/tcp; ufw route allow proto tcp from any to any port 80; ufw --force enable",
    checks=(_UFW_CHECK,),
)
odd(
    "firewall/ufw-docker-by-flags",
    packages=("ufw",),
    before=UFW
    + _UFW_DOCKER_FLAGS
    + """
ufw allow 22/tcp; ufw --force enable
ufw route allow proto tcp from any to 172.17.0.0/16 port 80; ufw route allow proto tcp from any to 10.88.0.2 port 80
""",
    script="serve --name odd1 -p 5353:5353/udp",
    checks=(_UFW_CHECK,),
    without=("hairpin",),
)
odd(
    "firewall/ufw-docker-one-port-not-allowed",
    packages=("ufw",),
    before=UFW
    + _UFW_DOCKER
    + "ufw allow 22/tcp; ufw --force enable; ufw route allow proto tcp from any to 172.17.0.0/16 port 80",
    checks=(_UFW_CHECK,),
    without=("port-8081", "hairpin"),
)
odd(
    "firewall/ports-closed-unless-listed",
    script=f"""
iptables -I DOCKER-USER -i eth0 -j DROP
iptables -I DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 8080:8081 -j RETURN
iptables -I DOCKER-USER -i eth0 {_EST} -j RETURN
""",
)
odd(
    "firewall/ports-closed-all",
    script=f"""
iptables -I DOCKER-USER -i eth0 -m conntrack --ctstate NEW -j DROP
iptables -I DOCKER-USER -i eth0 {_EST} -j RETURN
""",
    without=("port-8080", "port-8081"),
)
odd(
    "firewall/firewalld",
    packages=(
        "firewalld",
        "python3-firewall",
        "python3-nftables",
        "python3-cap-ng",
        "gir1.2-glib-2.0",
        "ipset",
        "libipset13t64",
    ),
    before="""
mkdir -p /run/dbus; rm -f /run/dbus/pid; dbus-uuidgen --ensure; background dbus-daemon --system --nofork --nopidfile
for i in $(seq 50); do [ -S /run/dbus/system_bus_socket ] && break; sleep 0.1; done
background /usr/bin/python3 /usr/sbin/firewalld --nofork
for i in $(seq 100); do firewall-cmd --state >/dev/null 2>&1 && break; sleep 0.1; done
firewall-cmd --state; firewall-cmd --zone=public --add-interface=eth0; firewall-cmd --add-service=http
""",
    checks=(
        "firewall-cmd --get-active-zones | grep -q docker",
        "nft list table inet firewalld | grep -q filter_FORWARD",
    ),
    engines=ENGINES,
)
_TEN_THOUSAND = """$python -c "
import random
random.seed(1)
print(',\\n'.join(sorted({f'{random.randrange(1, 99)}.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}' for _ in range(10000)})))"
"""
odd(
    "firewall/banned-in-nft-sets",
    script=f"""
{{ echo 'table inet f2b-table {{ set addr-set-sshd {{ type ipv4_addr; elements = {{ '; {_TEN_THOUSAND.strip()}; cat <<'END'
}}; }}
    chain f2b-chain {{ type filter hook input priority -1; policy accept; tcp dport 22 ip saddr @addr-set-sshd reject with icmp port-unreachable; }}
}}
table ip crowdsec {{
    set crowdsec-blacklists {{ type ipv4_addr; flags timeout; elements = {{ 203.0.113.9 timeout 4h, 192.0.2.7 timeout 24h }}; }}
    chain crowdsec-chain-input {{ type filter hook input priority -10; policy accept; ip saddr @crowdsec-blacklists counter drop; }}
    chain crowdsec-chain-forward {{ type filter hook forward priority -10; policy accept; ip saddr @crowdsec-blacklists counter drop; }}
}}
END
}} >/tmp/ban.nft; nft -f /tmp/ban.nft
""",
    checks=("nft list set inet f2b-table addr-set-sshd | grep -q elements",),
)
odd(
    "firewall/banned-in-ipsets",
    packages=("ipset", "libipset13t64"),
    script=f"""
ipset create crowdsec-blacklists hash:ip timeout 86400 maxelem 131072; ipset create f2b-sshd hash:ip; ipset create nets hash:net
{{ {_TEN_THOUSAND.strip()}; }} | sed 's/,$//; s/^/add f2b-sshd /' | ipset restore -exist
sed 's/sshd/x/' /dev/null; ipset save f2b-sshd | sed -n 's/add f2b-sshd /add crowdsec-blacklists /p' | ipset restore -exist
ipset add nets 203.0.113.0/24
iptables -I INPUT -m set --match-set crowdsec-blacklists src -j DROP; iptables -I DOCKER-USER -m set --match-set crowdsec-blacklists src -j DROP
iptables -N f2b-sshd-chain; iptables -A f2b-sshd-chain -m set --match-set f2b-sshd src -j REJECT --reject-with icmp-port-unreachable
iptables -A f2b-sshd-chain -j RETURN; iptables -I INPUT -p tcp -m multiport --dports 22 -j f2b-sshd-chain
iptables -t raw -A PREROUTING -m set --match-set nets src -j DROP
""",
    checks=("ipset list -t f2b-sshd | grep -q entries",),
    engines=ENGINES,
)
odd(
    "firewall/knocking-and-limits",
    script=f"""
iptables -A INPUT -p tcp --dport 22 {_NEW} -m recent --name knock --rcheck --seconds 30 -j ACCEPT
iptables -A INPUT -p tcp --dport 7000 -m recent --name knock --set -j DROP
iptables -A INPUT -p tcp --dport 22 -j DROP
iptables -I DOCKER-USER -i eth0 -p tcp --syn -m connlimit --connlimit-above 100 -j REJECT --reject-with tcp-reset
iptables -I DOCKER-USER -i eth0 -p tcp {_NEW} -m hashlimit --hashlimit-above 200/sec --hashlimit-burst 400 --hashlimit-mode srcip --hashlimit-name web -j DROP
iptables -I DOCKER-USER -i eth0 -p tcp {_NEW} -m recent --name web --update --seconds 1 --hitcount 20 -j DROP
iptables -I DOCKER-USER -i eth0 -p tcp {_NEW} -m recent --name web --set
iptables -t mangle -A PREROUTING -m conntrack --ctstate INVALID -j DROP
iptables -t mangle -A PREROUTING -p tcp ! --syn {_NEW} -j DROP
iptables -t mangle -A PREROUTING -p tcp {_NEW} -m tcpmss ! --mss 536:65535 -j DROP
iptables -t mangle -A PREROUTING -p tcp --tcp-flags FIN,SYN FIN,SYN -j DROP
iptables -A INPUT -m string --string "sqlmap" --algo bm --to 65535 -j DROP
iptables -A INPUT -m time --timestart 00:00 --timestop 23:59 -p tcp --dport 3389 -j DROP
iptables -I DOCKER-USER -m u32 --u32 '0>>22&0x3C@0>>16=9' -j DROP
""",
    engines=ENGINES,
)
odd(
    "firewall/transparent-proxy",
    script="""
ip rule add fwmark 0x1/0x1 lookup 100; ip route add local default dev lo table 100
iptables -t mangle -N DIVERT; iptables -t mangle -A DIVERT -j MARK --set-mark 1; iptables -t mangle -A DIVERT -j ACCEPT
iptables -t mangle -A PREROUTING -p tcp -m socket --transparent -j DIVERT
iptables -t mangle -A PREROUTING -i docker0 -p tcp --dport 80 ! -d 172.16.0.0/12 -j TPROXY --on-port 3129 --tproxy-mark 0x1/0x1
sysctl -qw net.ipv4.conf.docker0.rp_filter=0 net.ipv4.conf.all.rp_filter=0 net.bridge.bridge-nf-call-iptables=0
forwarder 3129 tproxy 0 0x2
iptables -t nat -I PREROUTING -i br-app -p tcp --dport 80 -d 198.51.100.2 -j REDIRECT --to-ports 3128
forwarder 3128 redirect 0 0x2
""",
    checks=("ss -ltn | grep -q 3129",),
)
odd(
    "firewall/untracked-dns",
    script="""
for chain in PREROUTING OUTPUT; do
    iptables -t raw -A $chain -d 169.254.20.10/32 -p udp --dport 53 -j CT --notrack
    iptables -t raw -A $chain -s 169.254.20.10/32 -p udp --sport 53 -j CT --notrack
done
iptables -t raw -A OUTPUT -p udp -d $out --dport 53 -s $host -j CT --notrack
iptables -t raw -A PREROUTING -p udp -s $out --sport 53 -d $host -m addrtype --dst-type LOCAL -m socket -j CT --notrack
iptables -I INPUT -m conntrack --ctstate UNTRACKED -p udp -j ACCEPT
iptables -I OUTPUT -m conntrack --ctstate UNTRACKED -p udp -j ACCEPT
""",
)
odd(
    "firewall/zones-by-mark",
    before="""
nft -f - <<'END'
table inet zones {
    map zone { type ifname : mark; elements = { "docker0" : 0x100, "br-app" : 0x100, "eth0" : 0x200, "lo" : 0x300 }; }
    chain pre { type filter hook prerouting priority mangle; policy accept; ct mark set iifname map @zone; }
    chain forward {
        type filter hook forward priority 10; policy accept;
        ct direction original iifname "eth0" meta mark 0xdead drop
        ct mark vmap { 0x100 : accept, 0x200 : goto from_outside }
    }
    chain from_outside { ct status dnat accept; ct state established,related accept; counter drop; }
}
table netdev early {
    chain ingress { type filter hook ingress device "eth0" priority -500; policy accept; ip frag-off & 0x1fff != 0 counter drop; tcp flags & (fin|syn) == fin|syn drop; ip saddr { 127.0.0.0/8, 240.0.0.0/4 } drop; }
}
table bridge guard {
    chain forward { type filter hook forward priority 0; policy accept; ether type != { ip, arp, ip6 } drop; }
}
END
""",
)
