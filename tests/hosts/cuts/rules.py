"""Rules in all families and both backends, on the host and inside."""

from tests.hosts.cuts.cut import cut


def _nft(chain: str, body: str, family: str = "inet", policy: str = "accept", sets: str = "") -> str:
    head = f"type filter hook {chain}; policy {policy};"
    return f"nft -f - <<'END'\ntable {family} site {{\n{sets}\nchain c {{ {head}\n{body}\n}}\n}}\nEND"


_CT = "ct state established,related accept"

cut("nft/forward-policy-drop", _nft("forward priority 10", _CT, policy="drop"), "inet site|site")
cut("nft/prerouting-drop", _nft("prerouting priority -300", "ip saddr 172.17.0.0/16 drop", "ip"), "site")
cut("nft/set-drop",
    _nft("forward priority 0", "ip saddr @bad drop",
         sets="set bad { type ipv4_addr; flags interval; elements = { 10.88.0.0/16, 192.0.2.0/24 }; }"), "site")  # fmt: skip
cut("nft/map-drop",
    _nft("forward priority -5", "iifname vmap @way",
         sets='map way { type ifname : verdict; elements = { "docker0" : drop, "tun9" : accept }; }'), "site")  # fmt: skip
cut("nft/concatenation-drop",
    _nft("forward priority 0", "ip daddr . tcp dport { 172.17.0.2 . 80, 10.88.0.2 . 80, 198.51.100.2 . 80 } drop"), "site")  # fmt: skip
cut("nft/established-drop", _nft("forward priority 5", "ct state established drop"), "site")
cut("nft/new-drop-by-mark",
    _nft("forward priority 5", "meta mark 0x7 drop")
    + "\nnft add chain inet site m '{ type filter hook prerouting priority -200; }'\n"
    "nft add rule inet site m iifname br-app meta mark set 0x7", "site")  # fmt: skip
cut("nft/output-drop", _nft("output priority 0", "ip daddr 172.16.0.0/12 drop\nip daddr 10.88.0.0/24 drop"), "site")
cut("nft/input-drop", _nft("input priority 0", f"{_CT}\ntcp dport 22 accept", policy="drop"), "site|input")
cut(
    "nft/postrouting-drop",
    _nft("postrouting priority 200", 'oifname "eth0" ip saddr 198.51.100.1 ct status snat drop'),
    "site",
)
cut("nft/netdev-ingress-uplink",
    _nft("ingress device eth0 priority 0", "ip saddr 198.51.100.0/24 tcp sport 80 drop\ntcp dport { 8080, 8081 } drop", "netdev"),
    "netdev|ingress")  # fmt: skip
cut(
    "nft/netdev-ingress-docker0",
    _nft("ingress device docker0 priority 0", "ether type ip drop", "netdev"),
    "netdev|ingress",
)
cut("nft/netdev-egress-uplink",
    _nft("egress device eth0 priority 0", "ip daddr 198.51.100.2 ip saddr 198.51.100.1 drop", "netdev"), "netdev|egress")  # fmt: skip
cut(
    "nft/bridge-forward-drop",
    _nft("forward priority 0", "ether type ip drop", "bridge"),
    "bridge site|family bridge|site",
)
cut(
    "nft/bridge-prerouting-drop",
    _nft("prerouting priority -300", "ip saddr 172.17.0.2 drop", "bridge"),
    "bridge site|site",
)
cut("nft/bridge-input-policy",
    _nft("input priority -200", "ether type arp accept", "bridge", policy="drop"), "bridge site|site")  # fmt: skip
cut("nft/arp-input-drop",
    "nft -f - <<'END'\ntable arp site {\nchain c { type filter hook input priority 0; policy accept;\narp operation request drop\n}\n}\nEND"
    "\nip neigh flush all; for c in web app1 app2 lo; do inside $c ip neigh flush all; done", "arp")  # fmt: skip
cut("nft/notrack", _nft("prerouting priority -300", "ip saddr 172.17.0.0/16 notrack"), "notrack|site")
cut("nft/foreign-snat",
    "nft -f - <<'END'\ntable ip site {\nchain c { type nat hook postrouting priority 90;\n"
    "ip saddr 172.17.0.0/16 ip daddr 198.51.100.0/24 snat to 203.0.113.5\n}\n}\nEND", "snat|site")  # fmt: skip
cut("nft/foreign-dnat",
    "nft -f - <<'END'\ntable ip site {\nchain c { type nat hook prerouting priority -110;\n"
    "tcp dport { 8080, 8081 } dnat to 10.88.0.99\n}\n}\nEND", "dnat|site")  # fmt: skip
cut("nft/nat-accept-first",
    "nft -f - <<'END'\ntable ip site {\nchain c { type nat hook postrouting priority 90;\nip saddr 10.88.0.0/24 masquerade random\n}\n"
    "chain d { type filter hook forward priority -10;\niifname br-app ip daddr 198.51.100.2 drop\n}\n}\nEND", "site")  # fmt: skip
cut("nft/flush-ruleset", "nft flush ruleset", "rule|flush")
cut("ipt/docker-user-drop", "iptables -I DOCKER-USER -j DROP", "DOCKER-USER")
cut(
    "ipt/docker-user-drop-uplink",
    "iptables -I DOCKER-USER -o eth0 -p tcp -m conntrack --ctstate NEW -j REJECT",
    "DOCKER-USER",
)
cut("ipt/own-chain-goto",
    "iptables -N site; iptables -A site -s 10.88.0.0/24 -j RETURN; iptables -A site -j DROP; iptables -I FORWARD -i docker0 -g site",
    "site")  # fmt: skip
cut("ipt/mangle-forward-drop", "iptables -t mangle -I FORWARD -o eth0 -j DROP", "mangle")
cut("ipt/mangle-postrouting-drop", "iptables -t mangle -A POSTROUTING -o br-app -j DROP", "mangle")
cut(
    "ipt/raw-drop",
    "iptables -t raw -I PREROUTING -i docker0 -p udp -j DROP; iptables -t raw -I PREROUTING -s $web -j DROP",
    "raw",
)
cut("ipt/ctstate-invalid-strict",
    "iptables -t raw -A PREROUTING -i docker0 -j CT --notrack; iptables -I FORWARD -m conntrack --ctstate UNTRACKED -j DROP",
    "notrack|untracked")  # fmt: skip
cut("ipt/legacy-forward-drop", "iptables-legacy -P FORWARD DROP", "legacy")
cut("ipt/legacy-raw-drop", "iptables-legacy -t raw -A PREROUTING -s 10.88.0.0/24 -j DROP", "legacy")
cut("ipt/input-drop", "iptables -P INPUT DROP; iptables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT", "INPUT")
cut(
    "ipt/output-drop",
    "iptables -A OUTPUT -d 172.16.0.0/12 -j DROP; iptables -A OUTPUT -d 10.88.0.0/24 -j DROP",
    "OUTPUT",
)
cut("ipt/nat-flushed", "iptables -t nat -F", "nat|masquerad")
cut("ipt/masquerade-passed-by", "iptables -t nat -I POSTROUTING -s 172.17.0.0/16 -j ACCEPT", "POSTROUTING|masquerad")
cut("ipt/forward-flushed-drop", "iptables -P FORWARD DROP; iptables -F FORWARD", "FORWARD")
cut("ipt/bridged-drop",
    "sysctl -qw net.bridge.bridge-nf-call-iptables=1; iptables -I FORWARD -i br-app -o br-app -j DROP", "FORWARD|br-app")  # fmt: skip
cut(
    "ipt/redirect-dns",
    "iptables -t nat -I PREROUTING -p udp --dport 53 -j REDIRECT --to-ports 5399",
    "REDIRECT|5399|53",
)
cut("ebtables/forward-drop", "ebtables -A FORWARD -p IPv4 -j DROP", "ebtables|bridge")
cut(
    "ebtables/arp-drop",
    "ebtables -A INPUT -p ARP -j DROP; ip neigh flush all; inside web ip neigh flush all",
    "ebtables|bridge|arp",
)
cut("arptables/drop", "arptables -A INPUT -i docker0 -j DROP; inside web ip neigh flush all", "arp")
cut("inside/output-drop", "inside app1 iptables -A OUTPUT -d 198.51.100.0/24 -j DROP", "app1")
cut("inside/input-drop", "inside web iptables -A INPUT -p tcp --dport 80 -j DROP", "web")
cut("inside/nft-drop",
    "inside app1 nft -f - <<'END'\ntable inet own {\nchain c { type filter hook input priority 0; policy drop;\niif lo accept\n}\n}\nEND",
    "app1|own")  # fmt: skip
cut("inside/dns-rules-flushed", "inside app1 iptables -t nat -F", "app1|dns")
