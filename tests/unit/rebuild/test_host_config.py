"""A host config put together: what is known is in it, and nothing opens more than the engine's defaults."""

import json

from msgspec.structs import replace

from doctor.api.actions.state import go_json
from doctor.collect.containers.settings_json import host_config_of
from doctor.facts.containers.containers import Attachment, Container, ContainerMount, ContainerState, Port
from doctor.facts.network.networks import Endpoint, Networks, PublishedPort
from doctor.model.paths import HostPath
from doctor.rebuild.containers.host_config import rebuild_host_config, with_policy

WEB = Container(
    id="a" * 64,
    directory=HostPath("/c"),
    name="web",
    image="app:1",
    image_id="",
    driver="overlay2",
    created="",
    state=ContainerState(),
    networks=(Attachment(name="mesh", network_id="b" * 64, endpoint_id="e" * 64),),
    mounts=(
        ContainerMount(
            kind="volume", name="data", driver="local", source=HostPath("/v"), destination="/data", writable=True
        ),
        ContainerMount(kind="bind", name="", driver="", source=HostPath("/etc/x"), destination="/x", writable=False),
    ),
    ports=(
        Port(protocol="tcp", host_ip="0.0.0.0", host_port=8080, container_port=80),
        Port(protocol="tcp", host_ip="::", host_port=8080, container_port=80),
        Port(protocol="udp", host_ip="127.0.0.1", host_port=53, container_port=53),
    ),
    host=None,
    log_path=HostPath("/c/log"),
    hosts_path=HostPath(""),
    resolv_conf_path=HostPath(""),
)


def test_what_remains_is_in_it() -> None:
    """Ports by address, mounts with their mode, network, log driver; one binding for both families of any address."""
    found = rebuild_host_config(WEB, None, None).members
    assert found["NetworkMode"] == "mesh"
    assert found["Binds"] == ["data:/data", "/etc/x:/x:ro"]
    assert found["PortBindings"] == {
        "80/tcp": [{"HostIp": "", "HostPort": "8080"}],
        "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "53"}],
    }
    assert found["LogConfig"] == {"Type": "json-file", "Config": {}}


def test_ports_come_from_the_network_database_too() -> None:
    """Where the config names none, those of its endpoint count, and no other's."""
    mapped = PublishedPort(protocol="tcp", host_ip="0.0.0.0", host_port=81, container_ip="10.0.0.2", container_port=80)
    endpoints = tuple(Endpoint(id=name * 64, network_id="b" * 64, ports=(mapped,)) for name in "e")
    other = Endpoint(id="f" * 64, network_id="b" * 64, ports=(replace(mapped, host_port=99),))
    found = rebuild_host_config(replace(WEB, ports=()), Networks(endpoints=(*endpoints, other)), None)
    assert found.members["PortBindings"] == {"80/tcp": [{"HostIp": "", "HostPort": "81"}]}
    bare = rebuild_host_config(replace(WEB, ports=(), networks=()), None, None)
    assert bare.members["PortBindings"] == {}
    assert bare.members["NetworkMode"] == "none"
    assert any(text.startswith("no published ports") for text in bare.assumed)


def test_nothing_in_it_is_open() -> None:
    """Read back as the engine would: not privileged, nothing added; masks are left to the engine, an empty list would drop them."""
    text = go_json(with_policy(rebuild_host_config(WEB, None, None), "no"))
    found = host_config_of(json.loads(text))
    assert not found.privileged
    assert (found.devices, found.pid_mode) == ((), "")
    assert not json.loads(text)["CapAdd"]
    assert not json.loads(text)["SecurityOpt"]
    assert (found.ipc_mode, found.restart_policy, found.log_driver) == ("private", "no", "json-file")
    assert json.loads(text)["MaskedPaths"] is None
    assert json.loads(text)["ReadonlyPaths"] is None
