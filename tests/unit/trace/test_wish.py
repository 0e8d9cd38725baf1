"""Arguments of a trace: names and addresses of all spellings, and mistakes with the next step."""

import pytest

from doctor.facts.containers.containers import Attachment, Container, Containers, ContainerState, HostConfig, Port
from doctor.facts.network.links import Address, Link, Links, Route
from doctor.model.errors import UsageError
from doctor.model.paths import HostPath
from doctor.trace.wish import TraceTarget, parse_target, wish_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.80:443", ("192.0.2.80", 443, "tcp")),
        ("192.0.2.80:53/udp", ("192.0.2.80", 53, "udp")),
        ("192.0.2.80", ("192.0.2.80", 0, "icmp")),
        ("2001:db8::1", ("2001:db8::1", 0, "icmp")),
        ("[2001:db8::1]:443/tcp", ("2001:db8::1", 443, "tcp")),
        ("[2001:db8::1]", ("2001:db8::1", 0, "icmp")),
        ("db:5432", ("db", 5432, "tcp")),
        ("host", ("host", 0, "icmp")),
        ("outside:8080", ("outside", 8080, "tcp")),
    ],
)
def test_a_target_is_parsed(text: str, expected: tuple[str, int, str]) -> None:
    name, port, protocol = expected
    assert parse_target(text) == TraceTarget(name=name, port=port, protocol=protocol)


@pytest.mark.parametrize(
    "text", ["", ":80", "a:0", "a:70000", "a:x", "a/sctp", "a/udp", "a:80/icmp", "[::1]x", "[]:80", "a:²"]
)
def test_a_mistake_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_target(text)


def container(name: str, number: int, mode: str = "bridge", *, pid: int = 0) -> Container:
    path = HostPath(f"/c/{name}")
    networks = (
        ()
        if mode == "host"
        else (Attachment(name="bridge", network_id="n", ip=f"172.17.0.{number}", gateway="172.17.0.1"),)
    )
    return Container(
        id=f"{number:x}" * 64,
        directory=path,
        name=name,
        image="bb",
        image_id="",
        driver="overlay2",
        created="",
        state=ContainerState(running=bool(pid), pid=pid),
        networks=networks,
        ports=(Port(protocol="tcp", host_ip="0.0.0.0", host_port=8080, container_port=80),),
        host=HostConfig(log_options={}, network_mode=mode),
        log_path=path,
        hosts_path=path,
        resolv_conf_path=path,
    )


CONTAINERS = Containers(
    items=(
        container("web", 2, pid=100),
        container("db", 3, pid=101),
        container("old", 4),
        container("agent", 5, "host", pid=102),
    )
)
UPLINK = Link(
    index=2,
    name="eth0",
    flags=frozenset({"UP"}),
    mtu=1500,
    addresses=(Address(family="inet", address="198.51.100.1", prefix=24, scope="global"),),
)
LINKS = Links(links=(UPLINK,), routes=(Route(destination="default", device="eth0", gateway="198.51.100.2"),))


def test_names_lead_to_namespaces_and_addresses() -> None:
    """A container by name or id, the host by name or address, an address that a container has."""
    wish = wish_of("web", "db:5432", CONTAINERS, None, LINKS)
    assert (wish.origin, wish.target, wish.address) == ("web", "db", "172.17.0.3")
    assert wish.places == {"host": None, "web": 100, "db": 101}
    assert wish_of("2222", "172.17.0.3", CONTAINERS, None, LINKS).target == "db"
    assert wish_of("web", "host", CONTAINERS, None, LINKS).address == "172.17.0.1"
    assert wish_of("web", "198.51.100.1:80", CONTAINERS, None, LINKS).target == "host"
    assert wish_of("web", "192.0.2.80:443", CONTAINERS, None, LINKS).target == ""
    assert wish_of("web", "127.0.0.11:53/udp", CONTAINERS, None, LINKS).target == "web"
    assert wish_of("host", "web:80", CONTAINERS, None, None).places == {"host": None, "web": 100}
    shared = wish_of("agent", "web:80", CONTAINERS, None, LINKS)
    assert (shared.origin, shared.places) == ("host", {"host": None, "web": 100})


def test_a_published_port_is_tried_from_outside() -> None:
    """The packet goes to the address that a client would use, and must end in the container."""
    wish = wish_of("web", "outside:8080", CONTAINERS, None, LINKS)
    assert (wish.published, wish.origin, wish.target, wish.address) == (True, "outside", "web", "198.51.100.1")


@pytest.mark.parametrize(
    ("origin", "target", "says"),
    [
        ("nobody", "192.0.2.1", "container 'nobody' not found"),
        ("old", "192.0.2.1", "container 'old' is not running"),
        ("web", "nobody:80", "'nobody' is neither an IP address nor a container"),
        ("web", "300.1.1.1:80", "'300.1.1.1' is neither an IP address nor a container"),
        ("web", "192.0.2.1:99999", "99999 is not a port"),
        ("web", "192.0.2.1:0", "0 is not a port"),
        ("web", "0.0.0.0:80", "0.0.0.0 is not the address of one host"),
        ("web", "ff02::1", "ff02::1 is not the address of one host"),
        ("web", "255.255.255.255:80/udp", "is not the address of one host"),
        ("web", "agent:80", "uses the network of the host"),
        ("host", "outside:8080", "'outside' needs a container"),
        ("host", "host", "no gateway"),
    ],
)
def test_a_mistake_names_itself(origin: str, target: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        wish_of(origin, target, CONTAINERS, None, LINKS)


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("198.51.100.1:8080", "doctor probe --trace web outside:8080"),
        ("198.51.100.1:81", "doctor probe --trace CONTAINER outside:81"),
        ("198.51.100.1", "doctor probe --trace web outside:8080"),
    ],
)
def test_a_packet_from_outside_has_its_own_command(target: str, command: str) -> None:
    """Who names 'outside' as the sender reads what may stand there, and which command traces an incoming packet."""
    with pytest.raises(UsageError, match="can't begin at 'outside'") as raised:
        wish_of("outside", target, CONTAINERS, None, LINKS)
    assert raised.value.do.endswith(f"'{command}'")
    assert "container of 'docker ps' or at 'host'" in raised.value.do


def test_an_unknown_container_reads_what_may_stand_there() -> None:
    with pytest.raises(UsageError, match="'nobody' not found") as raised:
        wish_of("nobody", "192.0.2.1", CONTAINERS, None, LINKS)
    assert "'docker ps' lists (name or id), or at 'host'" in raised.value.do
