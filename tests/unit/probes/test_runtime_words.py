"""Requests of probes to the runtime: ports in a chain of the host, scratch directories, many targets."""

import pytest

from doctor.runtime.base.frozen import USAGE, LaunchError
from doctor.runtime.builtins import function
from doctor.runtime.network.nat import rules
from doctor.runtime.plan.spec import plan_from

BRIDGE = {"name": "docker0", "address": "172.17.255.254/16", "gateway": "172.17.0.1"}
PUBLISH = {"host_port": 47808, "container_port": 8080, "host_ip": "192.0.2.1"}


def made(publish: dict[str, object], **rest: object) -> list[tuple[str, str, str]]:
    plan = plan_from({"builtin": "inspect", "net": "bridge", "bridge": BRIDGE, "publish": [publish], **rest})
    assert plan.net.bridge is not None
    return [(table, chain, " ".join(words)) for table, chain, words in rules(plan.net, plan.net.bridge)]


def test_a_port_in_a_chain_touches_no_other() -> None:
    """The host's own rules must lead there: nothing in PREROUTING or FORWARD helps."""
    assert made(PUBLISH | {"chain": "DOCKER"}) == [
        (
            "nat",
            "DOCKER",
            "-d 192.0.2.1 ! -i docker0 -p tcp --dport 47808 -j DNAT --to-destination 172.17.255.254:8080",
        ),
        ("filter", "DOCKER", "-d 172.17.255.254 ! -i docker0 -o docker0 -p tcp --dport 8080 -j ACCEPT"),
    ]


def test_a_port_without_one_is_let_through_everywhere() -> None:
    chains = [(table, chain) for table, chain, _ in made(PUBLISH)]
    assert chains == [("nat", "PREROUTING"), ("nat", "OUTPUT"), *[("filter", "FORWARD")] * 3]


@pytest.mark.parametrize("chain", ["", "-F", "A B", "x" * 29, "a;b"])
def test_no_name_of_a_chain(chain: str) -> None:
    with pytest.raises(LaunchError, match="not a chain name"):
        made(PUBLISH | {"chain": chain})


@pytest.mark.parametrize(
    "wrong",
    [
        {"scratch": {}},
        {"scratch": {"directory": "relative"}},
        {"scratch": {"directory": "/a/../b"}},
        {"scratch": {"directory": "/a", "files": {"x": "y"}}},
        {"scratch": {"directory": "/a"}, "rootfs": "/"},
        {"scratch": {"directory": "/a"}, "layers": ["/l"], "upper": "/u", "work": "/w"},
    ],
)
def test_no_scratch(wrong: dict[str, object]) -> None:
    with pytest.raises(LaunchError) as refused:
        plan_from({"builtin": "inspect", **wrong})
    assert refused.value.code == USAGE


@pytest.mark.parametrize(
    "target",
    [{"host": "name"}, {"host": "192.0.2.1"}, {"kind": "udp", "host": "192.0.2.1"}, {"host": "::1", "port": 1}, 7],
)
def test_no_target(target: object) -> None:
    assert function("reach")({"targets": [target]}) == USAGE


def test_a_refusal_is_no_answer(capfd: pytest.CaptureFixture[str]) -> None:
    targets = [{"kind": "tcp", "host": "127.0.0.1", "port": 1}, {"kind": "dns", "host": "127.0.0.1", "port": 1}]
    assert function("reach")({"targets": targets, "timeout_s": 0.2}) == 0
    said = capfd.readouterr().out
    assert said.count('"reached": false, "errno": 111') == 2
