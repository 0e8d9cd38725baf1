"""Faults of programs and of IPv6."""

from tests.hosts.traces.path_fault import FAR6, RULE_DROP, TO_FAR6, PathFault, drop

_LISTEN = 'import socket,time; s=socket.socket(); s.bind(("",97)); s.listen(0); time.sleep(60)'
_FILL = (
    "import socket,time; a=[socket.socket() for _ in range(3)]; [s.setblocking(False) for s in a]; "
    '[s.connect_ex(("172.17.0.3",97)) for s in a]; time.sleep(60)'
)
_DEAF = 'import socket,time; s=socket.socket(2,2); s.setsockopt(1,8,2304); s.bind(("",96)); time.sleep(60)'
_POUR = 'import socket; s=socket.socket(2,2); [s.sendto(bytes(900),("172.17.0.3",96)) for _ in range(20)]'
PROGRAMS = (
    PathFault(
        name="loopback of the container is down, embedded name server",
        do=("in {cc}: ip link set lo down",),
        undo=("in {cc}: ip link set lo up",),
        trace=("cc", "127.0.0.11:53/udp"),
        end=drop("QDISC_DROP", "__dev_queue_xmit", place="cc", device="lo", cause="device-down"),
    ),
    PathFault(
        name="rules of the embedded name server are gone",
        do=("in {cc}: iptables-save >/tmp/dns; iptables -t nat -F",),
        undo=("in {cc}: iptables-restore </tmp/dns",),
        trace=("cc", "127.0.0.11:53/udp"),
        end={
            "result": "refused",
            "reason": "NO_SOCKET",
            "place": "cc",
            "device": "lo",
            "icmp": "3/3|",
            "cause": "no-socket",
        },
    ),
    PathFault(
        name="no program listens",
        do=(),
        trace=("aa", "bb:99"),
        end={"result": "refused", "place": "aa|bb", "cause": "no-socket"},
    ),
    PathFault(
        name="docker-proxy was killed",
        do=("kill -9 $(pidof docker-proxy)",),
        trace=("host", "127.0.0.1:8080"),
        end={"result": "refused", "place": "host", "device": "lo", "cause": "no-socket"},
    ),
    PathFault(
        name="accept queue is full",
        do=(
            "in {bb}: python3 -c '" + _LISTEN + "' >/dev/null 2>&1 & echo $! >/tmp/listener; sleep 0.3",
            "python3 -c '" + _FILL + "' >/dev/null 2>&1 & echo $! >/tmp/filler; sleep 0.7",
        ),
        undo=("kill $(cat /tmp/listener) $(cat /tmp/filler); true",),
        trace=("aa", "bb:97"),
        end={"place": "bb", "cause": "accept-queue-full"},
    ),
    PathFault(
        name="receive buffer is full",
        do=(
            "in {bb}: python3 -c '" + _DEAF + "' >/dev/null 2>&1 & echo $! >/tmp/listener; sleep 0.3",
            "python3 -c '" + _POUR + "'",
        ),
        undo=("kill $(cat /tmp/listener); true",),
        trace=("aa", "bb:96/udp"),
        end=drop("SOCKET_RCVBUFF", "udp_queue_rcv_one_skb", place="bb", device="eth0", cause="socket-full"),
    ),
    PathFault(
        name="another network of the engine",
        do=(),
        trace=("aa", "cc:80"),
        end=drop(RULE_DROP, "nft_do_chain", cause="rule"),
        rule="DOCKER-ISOLATION-STAGE-2",
    ),
)

IPV6 = (
    PathFault(
        name="IPv6 forwarding is 0",
        do=("sysctl -qw net.ipv6.conf.all.forwarding=0",),
        undo=("sysctl -qw net.ipv6.conf.all.forwarding=1", "ip -6 route replace default via 2001:db8::2"),
        trace=TO_FAR6,
        end=drop("IP_INADDRERRORS", "ip6_forward", device="{br6}", cause="forwarding-off"),
    ),
    PathFault(
        name="no IPv6 default route",
        do=("ip -6 route del default",),
        undo=("ip -6 route replace default via 2001:db8::2",),
        trace=TO_FAR6,
        end=drop("IP_INNOROUTES", "ip6_pkt_discard", device="{br6}", cause="no-route"),
    ),
    PathFault(
        name="IPv6 blackhole route",
        do=("ip -6 route add blackhole 2001:db8:9::/48",),
        undo=("ip -6 route del blackhole 2001:db8:9::/48",),
        trace=TO_FAR6,
        end=drop("NOT_SPECIFIED", "dst_discard_out", device="{br6}", cause="route-discards"),
    ),
    PathFault(
        name="ip6tables FORWARD drop",
        do=(f"ip6tables -I FORWARD -d {FAR6} -j DROP",),
        undo=(f"ip6tables -D FORWARD -d {FAR6} -j DROP",),
        trace=TO_FAR6,
        end=drop(RULE_DROP, "nft_do_chain", device="{br6}", cause="rule"),
        rule="in chain FORWARD of table ip6 filter",
    ),
    PathFault(
        name="IPv6 disabled on the bridge",
        do=("sysctl -qw net.ipv6.conf.{br6}.disable_ipv6=1",),
        undo=("sysctl -qw net.ipv6.conf.{br6}.disable_ipv6=0", "ip -6 addr replace fd00:6::1/64 dev {br6}"),
        trace=TO_FAR6,
        end={"result": "dropped|lost", "place": "host|ff"},
    ),
)
