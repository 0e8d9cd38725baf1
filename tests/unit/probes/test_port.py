"""Results of an outside client on published ports, and the client that their servers saw."""

from typing import Any

from msgspec.structs import replace

from doctor.facts.firewall.packet_filter import Firewall, Saved
from doctor.facts.network.networks import Endpoint, Network, PublishedPort
from doctor.formats.firewall.iptables_save import parse
from doctor.model.missing import Missing, Why
from doctor.model.outcome import Result
from doctor.model.probe_result import ProbeResult
from doctor.model.probing import Ended
from doctor.probes._outside import Outside
from doctor.probes._port_judge import judge
from doctor.probes._port_setting import SERVER_PORT, AskedPort, LeftOut, PortSetting
from doctor.probes._rules import PublishWay

CLIENT = Outside(interface="eth0", client="192.0.2.2", host="192.0.2.1", prefix=29, is_real=True)
APART = Outside(interface="doctor0", client="192.0.2.2", host="192.0.2.1", prefix=29)
BRIDGE = Network(
    id="n1", name="bridge", driver="bridge", bridge="docker0", subnets=("172.17.0.0/16",), gateway="172.17.0.1/16"
)
PORT = PublishedPort(protocol="tcp", host_ip="0.0.0.0", host_port=8081, container_ip="172.17.0.2", container_port=80)
WEB = AskedPort(
    network=BRIDGE,
    endpoint=Endpoint(id="e", network_id="n1", container_id="c0ffee", container="web", is_running=True),
    port=PORT,
    address="198.51.100.1",
    process="7:c0ffee:1-1",
    client=CLIENT,
)
OWN, MINE, PROXY = "192.0.2.2:40001", "192.0.2.2:40002", "172.17.0.1:50000"
GONE = Missing(Why.ABSENT, "not here")


def setting(
    *, proxy_only: bool = False, own: bool = True, firewall: Firewall | Missing = GONE, not_tried: str = ""
) -> PortSetting:
    client = APART if not_tried else CLIENT
    return PortSetting(
        way=PublishWay(kind="chain" if own else "none"),
        network=BRIDGE if own else None,
        client=client,
        asked=(replace(WEB, client=client),),
        firewall=firewall,
        host_port=47808,
        host_address="198.51.100.1",
        not_tried=not_tried,
        uplink="eth0",
        proxy_only=proxy_only,
    )


def met(
    how: PortSetting,
    web: dict[str, Any],
    peers: tuple[str, ...],
    *,
    listens: bool = True,
    own: tuple[str, ...] = (OWN,),
    udp: dict[str, Any] | None = None,
    more: dict[str, Ended] | None = None,
) -> ProbeResult:
    """The result where the own server answered a client it saw as ``own``, and web as given."""
    first = {"kind": "tcp", "reached": True, "errno": None, "local": OWN}
    results = [first, web, PING] if how.network is not None else [web, PING]
    seen = {"ok": True, "listening": [80] if listens else [], "seen": {"80": list(peers)}}
    ended = {
        "client0": {"ok": True, "results": results},
        "server": {"ready": True},
        "seen-server": {"ok": True, "listening": [SERVER_PORT], "seen": {str(SERVER_PORT): list(own)}},
        "seen-c0ffee": seen,
        "client-udp": udp or {},
    }
    return judge(how, {name: Ended(id=name, exit=0, output=output) for name, output in ended.items()} | (more or {}))


PING = {"kind": "ping", "reached": True, "errno": None, "local": ""}
CONNECTED = {"kind": "tcp", "reached": True, "errno": None, "local": MINE}
REFUSED = {"kind": "tcp", "reached": False, "errno": 111, "local": ""}
SILENT = {"kind": "tcp", "reached": False, "errno": None, "local": ""}


def test_a_server_that_sees_its_client() -> None:
    assert met(setting(), CONNECTED, (MINE, PROXY)).result is Result.PASS, "others may come by the proxy meanwhile"


def test_a_server_that_sees_its_bridge_is_reached_by_the_proxy_alone() -> None:
    found = met(setting(), CONNECTED, (PROXY,))
    assert found.result is Result.FAIL
    assert "docker-proxy alone" in found.message
    # The trace of an earlier client is not this one.
    assert met(setting(), CONNECTED, (PROXY, "192.0.2.2:39999")).result is Result.FAIL
    assert met(setting(own=False), CONNECTED, (PROXY,)).result is Result.FAIL


def test_where_the_bridge_is_no_sign_of_the_proxy() -> None:
    assert met(setting(proxy_only=True), CONNECTED, (PROXY,)).result is Result.PASS, "the settings want it so"
    hidden = met(setting(), CONNECTED, (PROXY,), own=(PROXY,))
    assert hidden.result is Result.PASS, "somebody's rule hides all clients: this probe's own too"
    assert "a rule masquerades clients of bridge" in hidden.message
    assert met(setting(), CONNECTED, ()).result is Result.PASS, "the server closed before it could be seen"


def test_refusals() -> None:
    assert met(setting(), REFUSED, ()).result is Result.FAIL, "somebody listens inside, so it was not the container"
    found = met(setting(own=False), REFUSED, (), listens=False)
    assert found.result is Result.UNPROVEN
    assert "no process in the container listens" in found.message
    assert met(setting(), SILENT, (), listens=False).result is Result.FAIL, "even then a container would refuse"


def test_a_port_that_does_not_answer_this_host_itself() -> None:
    """Unless nobody listens inside. The connection of the host itself does not count as one of docker-proxy."""
    how = replace(setting(), local=(WEB,))

    def here(target: dict[str, Any], *, listens: bool = True, seen: tuple[str, ...] = (MINE,)) -> ProbeResult:
        local = {"here": Ended(id="here", exit=0, output={"results": [target]})}
        return met(how, CONNECTED, seen, listens=listens, more=local)

    assert here(CONNECTED).result is Result.PASS
    for target in (SILENT, REFUSED):
        found = here(target)
        assert found.result is Result.FAIL
        assert found.by_others
        assert "port 8081 of web does not answer this host itself at 127.0.0.1" in found.message
    assert here(REFUSED, listens=False).result is Result.PASS
    assert here(SILENT, listens=False).result is Result.FAIL
    assert here(CONNECTED | {"local": PROXY}, seen=(PROXY,)).result is Result.PASS
    assert here(CONNECTED, seen=(PROXY,)).result is Result.FAIL


def test_an_own_port_without_answer() -> None:
    how = setting()
    results = [SILENT, CONNECTED, PING]
    ended = {
        "client0": Ended(id="client0", exit=0, output={"results": results}),
        "server": Ended(id="server", exit=0, output={"ready": True}),
        "seen-server": Ended(id="seen-server", exit=0, output={"ok": True, "seen": {}}),
        "seen-c0ffee": Ended(id="seen-c0ffee", exit=0, output={"ok": True, "listening": [80], "seen": {"80": [MINE]}}),
    }
    found = judge(how, ended)
    assert found.result is Result.FAIL
    assert "a new port on bridge does not answer" in found.message
    ended["server"] = Ended(id="server", exit=125, error="'iptables' failed with 4: another app holds the xtables lock")
    assert judge(how, ended).result is Result.ERROR


def rules(user: str) -> Firewall:
    chains = ":FORWARD ACCEPT [0:0]\n:DOCKER - [0:0]\n:DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\n"
    return Firewall(v4=Saved.of(("iptables-save",), parse(f"*filter\n{chains}{user}\nCOMMIT\n")))


def by(user: str, web: dict[str, Any], *, not_tried: str = "") -> ProbeResult:
    return met(setting(firewall=rules(user), not_tried=not_tried), web, (MINE,))


def test_a_port_that_a_rule_of_somebody_closes_does_not_pass() -> None:
    """Closed for containers too is a failure that no repair is rolled back for; what the client is not, or nobody can judge, is open."""
    for rule in ("-A DOCKER-USER -p tcp --dport 80 -j DROP", "-A DOCKER-USER -i eth0 -j DROP", "-A FORWARD -j DROP"):
        closed = by(rule, SILENT)
        assert closed.result is Result.FAIL, rule
        assert closed.by_others
        assert rule in closed.message
    for rule in (
        "-A DOCKER-USER -i eth0 -p tcp --dport 80 -j DROP",
        "-A FORWARD -i eth0 -m conntrack --ctstate NEW -j REJECT",
    ):
        policy = by(rule, SILENT)
        assert policy.result is Result.UNPROVEN, rule
        assert f"port 8081 of web is closed to outside hosts: '{rule}' drops packets of clients" in policy.message
    listed = by("-A DOCKER-USER -i eth0 ! -s 10.0.0.0/8 -j DROP", SILENT)
    assert listed.result is Result.UNPROVEN
    assert "open to 10.0.0.1" in listed.message
    assert by("-A DOCKER-USER -i eth0 -m mark --mark 0x1 -j DROP", SILENT).result is Result.UNPROVEN
    unexplained = by("", SILENT)
    assert unexplained.result is Result.FAIL
    assert not unexplained.by_others


ALLOWED = (
    ":site-allow - [0:0]\n-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN\n"
    "-A DOCKER-USER -j site-allow\n-A site-allow -p tcp -m tcp --dport {port} -j ACCEPT\n-A DOCKER-USER -m conntrack --ctstate NEW -d 172.16.0.0/12 -j DROP"
)


def own_port(user: str, web: dict[str, Any] = CONNECTED, *, listens: bool = True) -> ProbeResult:
    """The result if a new port does not answer, and a published one does."""
    ended = {
        "client0": Ended(id="client0", exit=0, output={"results": [SILENT, web, PING]}),
        "server": Ended(id="server", exit=0, output={"ready": True}),
        "seen-server": Ended(id="seen-server", exit=0, output={"ok": True, "seen": {}}),
        "seen-c0ffee": Ended(
            id="seen-c0ffee", exit=0, output={"ok": True, "listening": [80] if listens else [], "seen": {"80": [MINE]}}
        ),
    }
    return judge(setting(firewall=rules(user)), ended)


def test_a_new_port_that_is_closed_on_purpose_is_no_fault() -> None:
    """If ports of containers answer: the result mentions it. Without any, nothing is proven. A published port that it closes is not."""
    found = own_port(ALLOWED.format(port=80))
    assert found.result is Result.PASS
    assert "port 8081 of web answers" in found.message
    assert "a new port on bridge is closed: '-A DOCKER-USER -m conntrack" in found.message
    assert "as port 80 is" in found.message
    for rule in ("-m conntrack --ctstate NEW -j DROP", "-i eth0 -m conntrack --ctstate NEW -j DROP"):
        whole = own_port(f"-A DOCKER-USER {rule}")
        assert whole.result is (Result.PASS if "eth0" in rule else Result.FAIL), (
            "one that ends containers' own is a fault"
        )
    assert own_port(ALLOWED.format(port=80), web=SILENT, listens=False).result is Result.FAIL, "the rules let it pass"
    assert by(ALLOWED.format(port=9999), SILENT).result is Result.UNPROVEN
    listed = "-A DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 8081 -j RETURN\n-A DOCKER-USER -i eth0 -m conntrack --ctstate NEW -j DROP"
    assert own_port(listed).result is Result.PASS
    by_flags = "-A DOCKER-USER -d 172.16.0.0/12 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP"
    assert own_port(by_flags).result is Result.PASS
    assert own_port("-A DOCKER-USER -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP").result is Result.FAIL
    doubtful = "-A DOCKER-USER -m mark --mark 1 -j RETURN\n-A DOCKER-USER -i eth0 -m conntrack --ctstate NEW -j DROP"
    assert own_port(doubtful).result is Result.UNPROVEN


def test_a_dead_new_port_is_found_beside_rules_that_close_others() -> None:
    """Nothing drops its packets, or the engine's own rules do."""
    assert own_port("-A DOCKER-USER -i eth0 -p tcp --dport 22 -j DROP").result is Result.FAIL
    assert own_port("-A FORWARD -o docker0 -j DOCKER\n-A DOCKER ! -i docker0 -o docker0 -j DROP").result is Result.FAIL


def test_what_was_not_tried_by_the_uplink_is_read_and_said() -> None:
    why = "can't attach a container behind eth0: it has traffic filters already"
    read = by("", CONNECTED, not_tried=why)
    assert read.result is Result.PASS
    assert "not tried: packets from outside on eth0" in read.message
    assert any(why in seen.value for seen in read.evidence)
    assert by("-A DOCKER-USER -i eth0 -j DROP", CONNECTED, not_tried=why).result is Result.FAIL
    assert by("-A DOCKER-USER -i eth0 ! -s 10.0.0.0/8 -j DROP", CONNECTED, not_tried=why).result is Result.UNPROVEN
    assert by("-A DOCKER-USER -i eth0 -m mark --mark 1 -j DROP", CONNECTED, not_tried=why).result is Result.UNPROVEN
    assert by("-A DOCKER-USER -i doctor+ -j DROP", SILENT, not_tried=why).result is Result.UNPROVEN


def test_a_udp_port_of_its_own_stands_for_the_way() -> None:
    """It passes and fails by itself; without any word of its client it was not tried."""
    how = replace(setting(), udp_client=replace(CLIENT, client="192.0.2.3"))
    found = met(how, CONNECTED, (MINE,), udp={"ok": True, "answer": "192.0.2.3 x"})
    assert "a new UDP port on bridge answers an outside host" in found.message
    found = met(how, CONNECTED, (MINE,), udp={"ok": False, "error": "no answer"})
    assert (found.result, found.message) == (
        Result.FAIL,
        "a new UDP port on bridge does not answer an outside host (no answer)",
    )
    found = met(how, CONNECTED, (MINE,))
    assert found.result is Result.PASS
    assert "UDP" not in found.message
    assert "test UDP port on bridge" in [one.source for one in found.evidence]


def test_the_way_of_udp_is_read_too() -> None:
    """A rule of somebody else that drops datagrams alone is named."""
    drop = "-A FORWARD -i eth0 -p udp -j DROP"
    rules = parse(f"*filter\n:FORWARD ACCEPT [0:0]\n:DOCKER - [0:0]\n{drop}\n-A FORWARD -o docker0 -j DOCKER\nCOMMIT\n")
    firewall = Firewall(v4=Saved.of(("iptables-save",), rules))
    how = replace(setting(firewall=firewall), udp_client=replace(CLIENT, client="192.0.2.3"))
    found = met(how, CONNECTED, (MINE,), udp={"ok": False, "error": "no answer"})
    assert found.by_others
    assert drop in found.message


def test_what_is_not_tried_is_said() -> None:
    """A paused container in the line itself, the rest in the evidence; none of it is a proof."""
    left = (
        LeftOut(ports=("8080/tcp of web",), why="paused", is_said=True),
        LeftOut(ports=("[::]:1 of web",), why="IPv6"),
    )
    found = met(replace(setting(), left_out=left), CONNECTED, (MINE,))
    assert found.message.endswith("; not tried: 8080/tcp of web (paused)")
    assert ("not tried: IPv6", "[::]:1 of web") in [(one.source, one.value) for one in found.evidence]
