"""Settings of the engine, and networks and containers of unusual kinds."""

from tests.hosts.odd.odd_host import ENGINES, odd

_SINCE_28 = ("28.5.2",)
_OTHER = "serve --name odd1 --network odd -p 8090:80"
_ITS_TRAFFIC = ("get odd1 http://198.51.100.2/", "fetch http://198.51.100.1:8090/ | grep -q hello")

odd(
    "engine/no-userland-proxy",
    settings={"userland-proxy": False},
    checks=("get web http://198.51.100.1:8080/ | grep -q hello",),
    engines=ENGINES,
)
odd(
    "engine/no-iptables-own-rules",
    before="""
sysctl -qw net.ipv4.ip_forward=1
nft -f - <<'END'
table ip site {
    chain post { type nat hook postrouting priority srcnat; ip saddr { 172.17.0.0/16, 10.88.0.0/24 } oifname "eth0" masquerade; }
    chain pre { type nat hook prerouting priority dstnat; }
    chain forward { type filter hook forward priority 0; policy drop; ct state established,related accept; ct status dnat accept
        iifname { "docker0", "br-app" } accept; }
}
END
""",
    settings={"iptables": False, "ip6tables": False},
    script="""
nft add rule ip site pre iifname eth0 tcp dport 8080 dnat to $(address web):80
nft add rule ip site pre iifname eth0 tcp dport 8081 dnat to 10.88.0.2:80
""",
    engines=ENGINES,
)
odd(
    "engine/publishes-on-loopback",
    settings={"ip": "127.0.0.1"},
    script="serve --name quiet -p 8090:80",
    checks=("fetch http://127.0.0.1:8090/ | grep -q hello",),
    without=("port-8080", "port-8081", "hairpin"),
)
odd("engine/no-icc", settings={"icc": False}, engines=ENGINES)
odd(
    "engine/own-addresses",
    settings={
        "bip": "10.99.0.1/20",
        "fixed-cidr": "10.99.4.0/24",
        "default-address-pools": [{"base": "10.61.0.0/16", "size": 28}, {"base": "10.62.0.0/16", "size": 26}],
        "dns": ["198.51.100.2"],
        "dns-opts": ["ndots:2"],
    },
    script="docker network create odd >/dev/null; docker network create odd2 >/dev/null; " + _OTHER,
    checks=_ITS_TRAFFIC,
)
odd(
    "engine/own-bridge",
    before="ip link add br-own type bridge; ip addr add 172.17.0.1/16 dev br-own; ip link set br-own up",
    settings={"bridge": "br-own"},
)
odd(
    "engine/live-restore-and-no-forward-setting",
    before="sysctl -qw net.ipv4.ip_forward=1",
    settings={"live-restore": True, "ip-forward": False, "ip-masq": False},
    script="iptables -t nat -A POSTROUTING -s 172.16.0.0/12 -o eth0 -j MASQUERADE; iptables -t nat -A POSTROUTING -s 10.88.0.0/24 -o eth0 -j SNAT --to-source $host",
)
odd(
    "network/internal-and-none-and-host",
    script="""
docker network create --internal closed >/dev/null
work --name shut1 --network closed; work --name shut2 --network closed; work --name nowhere --network none
serve --name front --network closed -p 8090:80; docker network connect app front
docker run -d --restart always --network host --name onhost --stop-timeout 1 leg:1 httpd -f -p 8091 -h /www >/dev/null
""",
    checks=(
        "get shut1 http://front/ | grep -q hello",
        "fetch http://$host:8091/ | grep -q hello",
        "fetch http://$host:8090/ | grep -q hello",
        "! get shut1 http://198.51.100.2/",
    ),
    engines=ENGINES,
)
odd(
    "network/isolated-from-the-host",
    script="""
docker network create --internal -o com.docker.network.bridge.gateway_mode_ipv4=isolated closed >/dev/null
work --name shut1 --network closed; serve --name shut2 --network closed
""",
    checks=("get shut1 http://shut2/ | grep -q hello",),
    engines=_SINCE_28,
)
odd(
    "network/routed",
    outside="ip route add 10.66.0.0/24 via 198.51.100.1",
    script="""
docker network create --subnet 10.66.0.0/24 -o com.docker.network.bridge.gateway_mode_ipv4=routed odd >/dev/null
serve --name odd1 --network odd --ip 10.66.0.2 -p 80
""",
    checks=("get odd1 http://198.51.100.2/ | grep -qx 10.66.0.2", "fetch http://10.66.0.2/ | grep -q hello"),
    engines=_SINCE_28,
)
odd(
    "network/no-masquerade-routed-outside",
    outside="ip route add 10.66.0.0/24 via 198.51.100.1",
    script="docker network create --subnet 10.66.0.0/24 -o com.docker.network.bridge.enable_ip_masquerade=false odd >/dev/null; "
    + _OTHER,
    checks=("get odd1 http://198.51.100.2/ | grep -qx 10.66.0.2", _ITS_TRAFFIC[1]),
)
odd(
    "network/many-and-priorities",
    script="""
docker network create one >/dev/null; docker network create two >/dev/null; docker network create --internal three >/dev/null
serve --name odd1 --network name=one,gw-priority=1 --network name=two,gw-priority=100 --network three -p 8090:80
""",
    checks=_ITS_TRAFFIC,
    engines=_SINCE_28,
)
odd(
    "network/many",
    script="""
for n in one two; do docker network create $n >/dev/null; done; docker network create --internal three >/dev/null
serve --name odd1 --network one -p 8090:80; for n in two three app; do docker network connect $n odd1; done
""",
    checks=_ITS_TRAFFIC,
    engines=ENGINES,
)
odd(
    "network/macvlan",
    script="""
docker network create -d macvlan -o parent=eth0 --subnet 198.51.100.0/24 --gateway 198.51.100.2 --ip-range 198.51.100.64/27 lan >/dev/null
serve --name onlan --network lan; work --name onlan2 --network lan
ip link add shim link eth0 type macvlan mode bridge; ip addr add 198.51.100.126/32 dev shim; ip link set shim up
ip route add 198.51.100.64/27 dev shim
""",
    checks=("get onlan http://198.51.100.2/ | grep -q 198.51.100.64", "get onlan2 http://onlan/ | grep -q hello"),
    engines=ENGINES,
)
odd(
    "network/macvlan-parent-down-unused",
    outside="ip link add spare type veth peer name eth1 netns $box",
    script="docker network create -d macvlan -o parent=eth1 --subnet 192.0.2.0/24 --gateway 192.0.2.1 lan >/dev/null; ip link set eth1 down",
)
odd(
    "network/dual-stack",
    outside="ip -6 addr add fd00:1::2/64 dev eth0 nodad; ip -6 route add fd00:88::/64 via fd00:1::1",
    before="ip -6 addr add fd00:1::1/64 dev eth0 nodad; ip -6 route add default via fd00:1::2",
    settings={"ipv6": True, "fixed-cidr-v6": "fd00:dead::/64", "ip6tables": True, "experimental": True},
    script="docker network create --ipv6 --subnet fd00:88::/64 odd >/dev/null; " + _OTHER,
    checks=(*_ITS_TRAFFIC, "timeout 5 docker exec odd1 ping -c 1 -W 2 fd00:1::2"),
    engines=ENGINES,
)
odd(
    "network/dual-stack-without-ip6tables",
    outside="ip -6 addr add fd00:1::2/64 dev eth0 nodad; ip -6 route add fd00:88::/64 via fd00:1::1",
    before="ip -6 addr add fd00:1::1/64 dev eth0 nodad; ip -6 route add default via fd00:1::2; sysctl -qw net.ipv6.conf.all.forwarding=1",
    settings={"ip6tables": False},
    script="docker network create --ipv6 --subnet fd00:88::/64 odd >/dev/null; " + _OTHER,
    checks=(*_ITS_TRAFFIC, "timeout 5 docker exec odd1 ping -c 1 -W 2 fd00:1::2"),
)
odd(
    "network/ipv6-only",
    outside="ip -6 addr add fd00:1::2/64 dev eth0 nodad",
    before="ip -6 addr add fd00:1::1/64 dev eth0 nodad; ip -6 route add default via fd00:1::2",
    settings={"dns": ["198.51.100.2"]},
    script="""
docker network create --ipv6 --ipv4=false --subnet fd00:88::/64 six >/dev/null; work --name six1 --network six
""",
    checks=("timeout 5 docker exec six1 ping -c 1 -W 2 fd00:1::2",),
    engines=_SINCE_28,
)
odd(
    "network/swarm-without-ingress",
    script="""
docker swarm init --advertise-addr $host >/dev/null
docker network create -d overlay --attachable over >/dev/null
docker service create --detach --name svc --publish mode=host,published=8090,target=80 --network over leg:1 >/dev/null
for i in $(seq 100); do fetch http://127.0.0.1:8090/ >/dev/null 2>&1 && break; sleep 0.1; done
""",
    checks=("docker service ls | grep -q 1/1", "fetch http://127.0.0.1:8090/ | grep -q hello"),
    allowed=frozenset({"kernel/feature-missing"}),  # true of a kernel without IP_VS
)
odd(
    "container/all-states",
    script="""
work --name stopped; docker stop stopped >/dev/null
docker create --name never -p 8095:80 leg:1 >/dev/null
work --name paused -p 8096:80; docker pause paused >/dev/null
docker run -d --name again --restart always --stop-timeout 1 bb:1 sh -c '[ -e /x ] || { touch /x; exit 1; }; sleep 9999' >/dev/null
docker run --name job bb:1 false || true
docker run -d --name starting --health-cmd false --health-start-period 600s bb:1 sleep 999 >/dev/null
""",
    end="docker unpause paused",  # what is frozen outlives its box
    engines=ENGINES,
)
odd(
    "container/own-sysctls-and-rules",
    script="""
work --name tuned --sysctl net.ipv4.ip_local_port_range='2000 64999' --sysctl net.ipv6.conf.all.disable_ipv6=1 --sysctl net.core.somaxconn=4096 \
    --cap-drop ALL --dns 198.51.100.2 --dns-search example.test --add-host far:198.51.100.2
work --name wall --cap-add NET_ADMIN --network app
inside wall sh -ec 'iptables -P INPUT DROP; iptables -A INPUT -i lo -j ACCEPT; iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
    iptables -A INPUT -p tcp --dport 80 -j ACCEPT'
work --name forwards --cap-add NET_ADMIN --sysctl net.ipv4.ip_forward=1 --sysctl net.ipv4.conf.all.rp_filter=2 --network app
""",
    checks=("get tuned http://far/", "get wall http://198.51.100.2/"),
)
odd(
    "container/mesh-sidecar-redirects",
    script="""
serve --name mesh -p 8090:80
inside mesh sh -ec "
iptables -t nat -N ISTIO_OUTPUT; iptables -t nat -N ISTIO_REDIRECT; iptables -t nat -N ISTIO_IN_REDIRECT; iptables -t nat -N ISTIO_INBOUND
iptables -t nat -A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001
iptables -t nat -A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006
iptables -t nat -A PREROUTING -p tcp -j ISTIO_INBOUND
iptables -t nat -A ISTIO_INBOUND -p tcp --dport 15008 -j RETURN
iptables -t nat -A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT
iptables -t nat -A OUTPUT -p tcp -j ISTIO_OUTPUT
iptables -t nat -A ISTIO_OUTPUT -s 127.0.0.6/32 -o lo -j RETURN
iptables -t nat -A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN
iptables -t nat -A ISTIO_OUTPUT -m owner --gid-owner 1337 -j RETURN
iptables -t nat -A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN
iptables -t nat -A ISTIO_OUTPUT -j ISTIO_REDIRECT
"
for port in 15001 15006; do
    nsenter -t $(pid mesh) -n sh -c "setsid --fork $python $odd/forwarder.py $port redirect 1337 0 </dev/null >/dev/null 2>&1"
done
""",
    checks=("get mesh http://198.51.100.2/ | grep -q .", "fetch http://$host:8090/ | grep -q hello"),
    engines=ENGINES,
)
