"""Other systems beside the engine: Kubernetes, libvirt, podman, containerd."""

from tests.hosts.odd.odd_host import ENGINES, odd

odd(
    "beside/k3s-with-flannel",
    before="""
sysctl -qw net.ipv4.ip_forward=1
ip link add cni0 type bridge; ip addr add 10.42.0.1/24 dev cni0; ip link set cni0 mtu 1450 up
ip link add flannel.1 type vxlan id 1 dev eth0 dstport 8472 nolearning; ip addr add 10.42.0.0/32 dev flannel.1; ip link set flannel.1 mtu 1450 up
ip route add 10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink
ip neigh replace 10.42.1.0 lladdr 0a:58:0a:2a:01:00 dev flannel.1 nud permanent
bridge fdb append 0a:58:0a:2a:01:00 dev flannel.1 dst 198.51.100.7
ip netns add cni-1; ip link add veth1 type veth peer name eth0 netns cni-1; ip link set veth1 master cni0 up
ip -n cni-1 link set eth0 up; ip -n cni-1 addr add 10.42.0.5/24 dev eth0; ip -n cni-1 route add default via 10.42.0.1
iptables-restore -n <<'END'
*filter
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
:KUBE-SERVICES - [0:0]
:FLANNEL-FWD - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kube-router netpol" -j KUBE-ROUTER-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A FLANNEL-FWD -s 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -m nfacct --nfacct-name ct_state_invalid_dropped_pkts -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-SERVICES -d 10.43.0.99/32 -p tcp -m comment --comment "default/none:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable
COMMIT
*nat
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-WEB - [0:0]
:KUBE-SEP-WEB - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:FLANNEL-POSTRTG - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/24 -d 10.42.0.0/16 -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.42.0.0/16 -d 10.42.0.0/16 -j MASQUERADE --random-fully
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -j MASQUERADE --random-fully
-A KUBE-SERVICES -d 10.43.0.10/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-WEB
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-NODEPORTS -p tcp -m tcp --dport 30080 -j KUBE-SVC-WEB
-A KUBE-SVC-WEB ! -s 10.42.0.0/16 -j KUBE-MARK-MASQ
-A KUBE-SVC-WEB -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-WEB
-A KUBE-SVC-WEB -j KUBE-SEP-WEB
-A KUBE-SEP-WEB -s 10.42.0.5/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-WEB -p tcp -m tcp -j DNAT --to-destination 10.42.0.5:80
COMMIT
END
nsenter --net=/run/netns/cni-1 sh -c 'mkdir -p /tmp/pod; echo pod >/tmp/pod/index.html; setsid --fork busybox httpd -p 80 -h /tmp/pod'
""".replace(" -m nfacct --nfacct-name ct_state_invalid_dropped_pkts", ""),
    checks=(
        "fetch http://10.43.0.10/ | grep -q pod",
        "fetch http://198.51.100.1:30080/ | grep -q pod",
        "get web http://10.43.0.10/ | grep -q pod",
    ),
    engines=ENGINES,
)
odd(
    "beside/calico",
    packages=("ipset", "libipset13t64"),
    before="""
sysctl -qw net.ipv4.ip_forward=1
ip netns add pod-1; ip link add cali1234 type veth peer name eth0 netns pod-1; ip link set cali1234 up
ip -n pod-1 link set eth0 up; ip -n pod-1 addr add 10.244.0.9/32 dev eth0
ip -n pod-1 route add 169.254.1.1 dev eth0; ip -n pod-1 route add default via 169.254.1.1
sysctl -qw net.ipv4.conf.cali1234.proxy_arp=1 net.ipv4.conf.cali1234.rp_filter=1; ip route add 10.244.0.9 dev cali1234; ip route add blackhole 10.244.0.0/26
ipset create cali40all-ipam-pools hash:net; ipset add cali40all-ipam-pools 10.244.0.0/16
ipset create cali40masq-ipam-pools hash:net; ipset add cali40masq-ipam-pools 10.244.0.0/16; ipset create cali40this-host hash:ip; ipset add cali40this-host $host
""",
    script="""
iptables-restore -n <<'END'
*raw
:cali-PREROUTING - [0:0]
:cali-OUTPUT - [0:0]
:cali-rpf-skip - [0:0]
-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING
-A OUTPUT -m comment --comment "cali:tVnHkvAo15HuiPy0" -j cali-OUTPUT
-A cali-PREROUTING -j MARK --set-xmark 0x0/0xf0000
-A cali-PREROUTING -i cali+ -j MARK --set-xmark 0x40000/0x40000
-A cali-PREROUTING -m mark --mark 0x40000/0x40000 -j cali-rpf-skip
-A cali-PREROUTING -m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP
-A cali-PREROUTING -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-OUTPUT -j MARK --set-xmark 0x0/0xf0000
-A cali-OUTPUT -m mark --mark 0x10000/0x10000 -j ACCEPT
COMMIT
*filter
:cali-FORWARD - [0:0]
:cali-INPUT - [0:0]
:cali-OUTPUT - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-to-wl-dispatch - [0:0]
:cali-from-host-endpoint - [0:0]
:cali-to-host-endpoint - [0:0]
:cali-from-hep-forward - [0:0]
:cali-to-hep-forward - [0:0]
:cali-wl-to-host - [0:0]
:cali-cidr-block - [0:0]
:cali-fw-cali1234 - [0:0]
:cali-tw-cali1234 - [0:0]
-I INPUT 1 -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT
-I FORWARD 1 -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-I OUTPUT 1 -m comment --comment "cali:tVnHkvAo15HuiPy0" -j cali-OUTPUT
-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m mark --mark 0x10000/0x10000 -j ACCEPT
-A FORWARD -m comment --comment "cali:mp77cMpurHhyjLrM" -j MARK --set-xmark 0x10000/0x10000
-A cali-FORWARD -j MARK --set-xmark 0x0/0xe0000
-A cali-FORWARD -m mark --mark 0x0/0x10000 -j cali-from-hep-forward
-A cali-FORWARD -i cali+ -j cali-from-wl-dispatch
-A cali-FORWARD -o cali+ -j cali-to-wl-dispatch
-A cali-FORWARD -j cali-to-hep-forward
-A cali-FORWARD -j cali-cidr-block
-A cali-INPUT -p 4 -m comment --comment "Allow IPIP packets" -m set --match-set cali40this-host src -m addrtype --dst-type LOCAL -j ACCEPT
-A cali-INPUT -p 4 -m comment --comment "Drop IPIP packets from non-Calico hosts" -j DROP
-A cali-INPUT -i cali+ -g cali-wl-to-host
-A cali-INPUT -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-INPUT -j MARK --set-xmark 0x0/0xf0000
-A cali-INPUT -j cali-from-host-endpoint
-A cali-OUTPUT -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-OUTPUT -o cali+ -j RETURN
-A cali-OUTPUT -j MARK --set-xmark 0x0/0xf0000
-A cali-OUTPUT -m conntrack ! --ctstate DNAT -j cali-to-host-endpoint
-A cali-from-wl-dispatch -i cali1234 -g cali-fw-cali1234
-A cali-from-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-to-wl-dispatch -o cali1234 -g cali-tw-cali1234
-A cali-to-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-wl-to-host -j cali-from-wl-dispatch
-A cali-fw-cali1234 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-cali1234 -m conntrack --ctstate INVALID -j DROP
-A cali-fw-cali1234 -j MARK --set-xmark 0x10000/0x10000
-A cali-tw-cali1234 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-tw-cali1234 -j MARK --set-xmark 0x10000/0x10000
COMMIT
*nat
:cali-POSTROUTING - [0:0]
:cali-nat-outgoing - [0:0]
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" -j cali-POSTROUTING
-A cali-POSTROUTING -j cali-nat-outgoing
-A cali-nat-outgoing -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst -j MASQUERADE --random-fully
COMMIT
END
""",
    checks=("ip netns exec pod-1 busybox wget -q -T 2 -O - http://198.51.100.2/ | grep -qx $host",),
    engines=ENGINES,
)
_LIBVIRT = """
sysctl -qw net.ipv4.ip_forward=1
ip link add virbr0 type bridge stp_state 1; ip addr add 192.168.122.1/24 dev virbr0; ip link set virbr0 up
"""
odd(
    "beside/libvirt-iptables",
    before=_LIBVIRT,
    script="""
iptables-restore -n <<'END'
*filter
:LIBVIRT_FWI - [0:0]
:LIBVIRT_FWO - [0:0]
:LIBVIRT_FWX - [0:0]
:LIBVIRT_INP - [0:0]
:LIBVIRT_OUT - [0:0]
-A INPUT -j LIBVIRT_INP
-A FORWARD -j LIBVIRT_FWX
-A FORWARD -j LIBVIRT_FWI
-A FORWARD -j LIBVIRT_FWO
-A OUTPUT -j LIBVIRT_OUT
-A LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWI -o virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -j ACCEPT
-A LIBVIRT_FWO -i virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWX -i virbr0 -o virbr0 -j ACCEPT
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 53 -j ACCEPT
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 67 -j ACCEPT
-A LIBVIRT_OUT -o virbr0 -p udp -m udp --dport 68 -j ACCEPT
COMMIT
*nat
:LIBVIRT_PRT - [0:0]
-A POSTROUTING -j LIBVIRT_PRT
-A LIBVIRT_PRT -s 192.168.122.0/24 -d 224.0.0.0/24 -j RETURN
-A LIBVIRT_PRT -s 192.168.122.0/24 -d 255.255.255.255/32 -j RETURN
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE
COMMIT
END
""",
)
odd(
    "beside/libvirt-nftables",
    before=_LIBVIRT
    + """
nft -f - <<'END'
table ip libvirt_network {
    chain forward { type filter hook forward priority filter; policy accept; counter jump guest_cross; counter jump guest_input; counter jump guest_output; }
    chain guest_output { ip saddr 192.168.122.0/24 iifname "virbr0" counter accept; iifname "virbr0" counter reject; }
    chain guest_input { oifname "virbr0" ip daddr 192.168.122.0/24 ct state established,related counter accept; oifname "virbr0" counter reject; }
    chain guest_cross { iifname "virbr0" oifname "virbr0" counter accept; }
    chain guest_nat {
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr 192.168.122.0/24 ip daddr 224.0.0.0/24 counter return
        meta l4proto tcp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
        ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade
    }
}
table ip6 libvirt_network {
    chain forward { type filter hook forward priority filter; policy accept; }
}
END
""",
)
odd(
    "beside/podman",
    before="""
sysctl -qw net.ipv4.ip_forward=1
ip link add podman0 type bridge; ip addr add 10.89.0.1/24 dev podman0; ip link set podman0 up
ip netns add netns-p1; ip link add veth0 type veth peer name eth0 netns netns-p1; ip link set veth0 master podman0 up
ip -n netns-p1 link set eth0 up; ip -n netns-p1 addr add 10.89.0.2/24 dev eth0; ip -n netns-p1 route add default via 10.89.0.1
nft -f - <<'END'
table inet netavark {
    chain INPUT { type filter hook input priority filter; policy accept; ip saddr 10.89.0.0/24 meta l4proto { tcp, udp } th dport 53 accept; }
    chain FORWARD { type filter hook forward priority filter; policy accept; ct state invalid drop; jump NETAVARK-ISOLATION-1; ip daddr 10.89.0.0/24 ct state established,related accept; ip saddr 10.89.0.0/24 accept; }
    chain POSTROUTING { type nat hook postrouting priority srcnat; policy accept; meta mark & 0x00002000 == 0x00002000 masquerade; ip saddr 10.89.0.0/24 jump nv_1; }
    chain nv_1 { ip daddr 10.89.0.0/24 accept; ip daddr != 224.0.0.0/4 masquerade; }
    chain NETAVARK-ISOLATION-1 { iifname "podman0" oifname != "podman0" jump NETAVARK-ISOLATION-2; }
    chain NETAVARK-ISOLATION-2 { oifname "podman0" drop; }
}
END
""",
    script="iptables -I FORWARD -i podman0 -j ACCEPT; iptables -I FORWARD -o podman0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    checks=("ip netns exec netns-p1 busybox wget -q -T 2 -O - http://198.51.100.2/ | grep -qx $host",),
)
odd(
    "beside/containerd-and-another-bridge",
    before="""
background containerd --address /run/other/containerd.sock --root /var/lib/containerd/other --state /run/other/state
ip link add lxcbr0 type bridge; ip addr add 10.0.3.1/24 dev lxcbr0; ip link set lxcbr0 up
ip link add br-lan type bridge; ip link set br-lan up; ip addr add 192.168.1.1/24 dev br-lan
iptables -t nat -A POSTROUTING -s 10.0.3.0/24 ! -d 10.0.3.0/24 -j MASQUERADE
""",
)
odd(
    "beside/plain-virtual-machines-on-a-bridge",
    before="""
ip link add vmbr0 type bridge; ip link set vmbr0 up; ip tuntap add dev tap100i0 mode tap; ip link set tap100i0 master vmbr0 up
ip link add fwbr100 type bridge; ip link set fwbr100 up; ip link add fwpr100 type veth peer name fwln100
ip link set fwpr100 master vmbr0 up; ip link set fwln100 master fwbr100 up
iptables -N PVEFW-FORWARD; iptables -A FORWARD -j PVEFW-FORWARD
iptables -A PVEFW-FORWARD -m conntrack --ctstate INVALID -j DROP; iptables -A PVEFW-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A PVEFW-FORWARD -m physdev --physdev-is-bridged --physdev-in fwln+ -j DROP
""",
)
