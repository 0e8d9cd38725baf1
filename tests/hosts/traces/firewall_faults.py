"""Faults of firewalls and of address translation."""

from tests.hosts.traces.path_fault import FAR, RULE_DROP, TO_AA, TO_HOST, TO_PEER, PathFault, drop, ruled

FIREWALL = (
    ruled(
        "DOCKER-USER drop",
        f"iptables -I DOCKER-USER -d {FAR} -j DROP",
        f"iptables -D DOCKER-USER -d {FAR} -j DROP",
        FAR,
    ),
    ruled(
        "FORWARD drop", "iptables -I FORWARD -i {br} -j DROP", "iptables -D FORWARD -i {br} -j DROP", 'iifname "{br}"'
    ),
    ruled(
        "raw PREROUTING drop",
        f"iptables -t raw -I PREROUTING -d {FAR} -j DROP",
        f"iptables -t raw -D PREROUTING -d {FAR} -j DROP",
        "in chain PREROUTING of table ip raw",
        device="{v}|{br}",
    ),
    ruled(
        "mangle FORWARD drop",
        f"iptables -t mangle -I FORWARD -d {FAR} -j DROP",
        f"iptables -t mangle -D FORWARD -d {FAR} -j DROP",
        "in chain FORWARD of table ip mangle",
    ),
    ruled(
        "answers dropped by conntrack state",
        "iptables -I FORWARD -m conntrack --ctstate ESTABLISHED -j DROP",
        "iptables -D FORWARD -m conntrack --ctstate ESTABLISHED -j DROP",
        "ct state established",
        device="eth0",
        way="back",
    ),
    ruled(
        "policy of FORWARD with the engine's rules gone",
        "iptables-save >/tmp/rules; iptables -F FORWARD; iptables -P FORWARD DROP",
        "iptables-restore </tmp/rules",
        "policy of chain FORWARD of table ip filter",
    ),
    ruled(
        "nftables table inet",
        "nft add table inet odd; nft 'add chain inet odd f { type filter hook forward priority 10; }'; "
        f"nft add rule inet odd f ip daddr {FAR} counter drop",
        "nft delete table inet odd",
        f"ip daddr {FAR}",
    ),
    ruled(
        "nftables set",
        "nft add table ip odd; nft 'add set ip odd bad { type ipv4_addr; flags interval; }'; "
        "nft 'add element ip odd bad { 203.0.113.0/24 }'; "
        "nft 'add chain ip odd f { type filter hook forward priority -5; }'; nft add rule ip odd f ip daddr @bad drop",
        "nft delete table ip odd",
        "ip daddr @bad drop",
    ),
    ruled(
        "nftables table bridge, to a peer",
        "nft add table bridge odd; nft 'add chain bridge odd f { type filter hook forward priority 0; }'; "
        "nft add rule bridge odd f ip protocol icmp drop",
        "nft delete table bridge odd",
        "in chain f of table bridge odd",
        TO_PEER,
        device="{v}",
    ),
    ruled(
        "nftables table bridge, all packets of a port",
        "nft add table bridge odd; nft 'add chain bridge odd p { type filter hook prerouting priority 0; }'; "
        "nft add rule bridge odd p iifname {v} drop",
        "nft delete table bridge odd",
        'iifname "{v}" drop',
        device="{v}",
    ),
    ruled(
        "ebtables to a peer",
        "ebtables -A FORWARD -i {v} -j DROP",
        "ebtables -D FORWARD -i {v} -j DROP",
        "in chain FORWARD of table bridge filter",
        TO_PEER,
        device="{v}",
    ),
    ruled(
        "nftables netdev ingress of the port",
        "nft add table netdev odd; nft 'add chain netdev odd i { type filter hook ingress device {v} priority 0; }'; "
        "nft add rule netdev odd i ip protocol tcp drop",
        "nft delete table netdev odd",
        "in chain i of table netdev odd",
        device="{v}",
    ),
    ruled(
        "nftables netdev egress of the uplink",
        "nft add table netdev odd; nft 'add chain netdev odd e { type filter hook egress device eth0 priority 0; }'; "
        f"nft add rule netdev odd e ip daddr {FAR} drop",
        "nft delete table netdev odd",
        "in chain e of table netdev odd",
    ),
    ruled(
        "INPUT drop",
        "iptables -I INPUT -i {br} -j DROP",
        "iptables -D INPUT -i {br} -j DROP",
        "in chain INPUT of table ip filter",
        TO_HOST,
    ),
    ruled(
        "REJECT",
        f"iptables -I DOCKER-USER -d {FAR} -j REJECT",
        f"iptables -D DOCKER-USER -d {FAR} -j REJECT",
        "reject",
        icmp="3/3|",
    ),
    PathFault(
        name="iptables-legacy FORWARD drop",
        do=(f"iptables-legacy -A FORWARD -d {FAR} -j DROP",),
        undo=(f"iptables-legacy -D FORWARD -d {FAR} -j DROP",),
        end=drop(RULE_DROP, "nf_hook_slow", cause="rule"),
        rule=f"-A FORWARD -d {FAR}/32 -j DROP",
    ),
    PathFault(
        name="OUTPUT drop on the host",
        do=("iptables -I OUTPUT -d {ip} -j DROP",),
        undo=("iptables -D OUTPUT -d {ip} -j DROP",),
        trace=TO_AA,
        end={"result": "dropped", "place": "host", "cause": "rule"},
        rule="in chain OUTPUT of table ip filter",
    ),
    PathFault(
        name="OUTPUT drop in the container",
        do=("in {aa}: iptables -I OUTPUT -p tcp -j DROP",),
        undo=("in {aa}: iptables -D OUTPUT -p tcp -j DROP",),
        end={"result": "dropped", "place": "aa", "cause": "rule"},
        rule="in chain OUTPUT of table ip filter",
    ),
    PathFault(
        name="OUTPUT drop in the container, of its answers",
        do=("in {aa}: iptables -I OUTPUT -p tcp -j DROP",),
        undo=("in {aa}: iptables -D OUTPUT -p tcp -j DROP",),
        trace=TO_AA,
        end={"result": "dropped", "place": "aa", "way": "back", "cause": "rule"},
        rule="in chain OUTPUT of table ip filter",
    ),
    PathFault(
        name="INPUT drop in the container",
        do=("in {aa}: iptables -I INPUT -p tcp -j DROP",),
        undo=("in {aa}: iptables -D INPUT -p tcp -j DROP",),
        trace=TO_AA,
        end=drop(RULE_DROP, "nft_do_chain", place="aa", device="eth0", cause="rule"),
        rule="in chain INPUT of table ip filter",
    ),
    PathFault(
        name="no masquerading",
        do=("iptables-save -t nat >/tmp/nat; iptables -t nat -F POSTROUTING",),
        undo=("iptables-restore -T nat </tmp/nat",),
        end={"result": "dropped", "place": "host", "device": "eth0", "cause": "wrong-source"},
    ),
    PathFault(
        name="wrong source translation",
        do=(f"iptables -t nat -I POSTROUTING -d {FAR} -j SNAT --to-source 192.0.2.55",),
        undo=(f"iptables -t nat -D POSTROUTING -d {FAR} -j SNAT --to-source 192.0.2.55",),
        end={"result": "dropped", "place": "host", "device": "eth0", "cause": "wrong-source"},
    ),
    PathFault(
        name="NOTRACK",
        do=("iptables -t raw -I PREROUTING -i {br} -j CT --notrack",),
        undo=("iptables -t raw -D PREROUTING -i {br} -j CT --notrack",),
        end={"result": "dropped", "place": "host", "device": "eth0", "cause": "wrong-source"},
    ),
    PathFault(
        name="TTL set to 1",
        do=("iptables -t mangle -I PREROUTING -i {br} -j TTL --ttl-set 1",),
        undo=("iptables -t mangle -D PREROUTING -i {br} -j TTL --ttl-set 1",),
        end=drop("IP_INHDR", "ip_forward", cause="ttl", icmp="11/0|"),
    ),
)
