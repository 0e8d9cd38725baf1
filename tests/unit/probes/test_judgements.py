"""Judgements of probes on the results of their containers, in the runtime's own words."""

from typing import Any

import pytest

from doctor.facts.config.engine import EffectiveSetting, EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineInfo, EngineState
from doctor.facts.firewall.packet_filter import Firewall, Saved
from doctor.facts.kernel.cgroups import Cgroups
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.network.dns import RESOLVED, HostDns, ServerList
from doctor.facts.network.links import Address, Link, Links, Route
from doctor.facts.network.networks import Network, Networks
from doctor.facts.storage.writable import WriteTrial
from doctor.formats.firewall.iptables_save import parse
from doctor.formats.network import resolv_conf
from doctor.model.missing import Missing, Why
from doctor.model.outcome import Result
from doctor.model.paths import HostPath
from doctor.model.probe_result import ProbeResult
from doctor.model.probing import Ended, Launch, Probing
from doctor.model.verdict import judge_probes
from doctor.probes.dns import dns, servers_of
from doctor.probes.egress import egress
from doctor.probes.limits import limits
from doctor.probes.storage import storage

GONE = Missing(Why.ABSENT, "not here")
UP, DOWN = EngineState(status="running", pid=7), EngineState(status="down")
BRIDGE = Network(
    id="n1", name="bridge", driver="bridge", bridge="docker0", subnets=("172.17.0.0/16",), gateway="172.17.0.1/16",
    is_default=True,
)  # fmt: skip
NETWORKS = Networks(items=(BRIDGE,))
LINKS = Links(
    links=(Link(index=1, name="eth0", flags=frozenset({"UP"}), mtu=1500),),
    routes=(Route(destination="default", device="eth0", gateway="198.51.100.2"),),
)
RULES = Firewall(
    backend="nft",
    v4=Saved.of(("iptables-save",), parse("*nat\n:DOCKER - [0:0]\nCOMMIT\n*filter\n:DOCKER - [0:0]\nCOMMIT\n")),
)
EMPTY = Firewall(backend="nft", v4=Saved.of(("iptables-save",), parse("")))
REFUSED, SILENT = {"errno": 111}, {"errno": None}
REACHED = {"reached": True}


def begin(work: Probing) -> Launch | ProbeResult:
    try:
        return next(work)
    except StopIteration as end:
        found: ProbeResult = end.value
        return found


def end(work: Probing, ended: dict[str, Ended]) -> ProbeResult:
    with pytest.raises(StopIteration) as stopped:
        work.send(ended)
    found: ProbeResult = stopped.value.value
    return found


def said(launch: Launch | ProbeResult, answers: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Ended]:
    """Container → kind of target → what it met; what isn't named met silence."""
    assert isinstance(launch, Launch)
    return {
        one["id"]: Ended(
            id=one["id"],
            exit=0,
            output={
                "results": [
                    target | {"reached": False, "errno": None} | answers.get(one["id"], {}).get(target["kind"], {})
                    for target in one["args"]["targets"]
                ]
            },
        )
        for one in launch.containers
    }


def out(host: dict[str, dict[str, Any]], inside: dict[str, dict[str, Any]]) -> ProbeResult:
    work = egress(NETWORKS, LINKS, EngineConfig(), GONE, UP, RULES, GONE)
    return end(work, said(begin(work), {"host": host, "net0": inside}))


def test_egress_counts_what_only_the_far_end_can_say() -> None:
    assert out({"tcp": REACHED}, {"tcp": REACHED}).result is Result.PASS
    assert out({"ping": REACHED}, {"ping": REACHED}).result is Result.PASS
    assert out({"tcp": REACHED}, {"tcp": REFUSED}).result is Result.FAIL, "a firewall's reset"
    assert out({"tcp": REACHED}, {"tcp": REFUSED, "ping": REACHED}).result is Result.FAIL, "echoes pass, nothing else"
    assert out({"tcp": REFUSED}, {"tcp": REFUSED}).result is Result.UNPROVEN, "it is unknown who refused"
    assert out({"tcp": REFUSED}, {"tcp": SILENT}).result is Result.FAIL
    assert out({"tcp": REFUSED, "ping": REACHED}, {"tcp": REFUSED, "ping": REACHED}).result is Result.PASS
    assert out({}, {}).result is Result.UNPROVEN, "the host itself is cut off"
    assert out({}, {"tcp": REACHED}).result is Result.UNPROVEN


WIRED = Links(
    links=(
        Link(
            index=1,
            name="eth0",
            flags=frozenset({"UP"}),
            mtu=1500,
            addresses=(Address(family="inet", address="198.51.100.1", prefix=24, scope="global"),),
        ),
    ),
    routes=LINKS.routes,
)


def behind(host: dict[str, dict[str, Any]], inside: dict[str, dict[str, Any]], *, peer: str = "") -> ProbeResult:
    """With an outside host of the probe's own; ``peer`` is what the runtime says where it could not stand one there."""
    work = egress(NETWORKS, WIRED, EngineConfig(), GONE, UP, RULES, GONE)
    launch = begin(work)
    assert isinstance(launch, Launch)
    assert launch.containers[0]["bridge"]["uplink"]
    ended = said(Launch(launch.containers[1:]), {"host": host, "net0": inside})
    return end(work, ended | {"peer": Ended(id="peer", exit=0, output={"ready": True}, error=peer)})


def test_egress_is_proven_by_a_host_behind_the_uplink_where_others_are_silent() -> None:
    mine, bare = {"reached": True, "seen": "198.51.100.1"}, {"reached": True, "seen": "172.17.255.254"}
    assert behind({}, {"greet": mine}).result is Result.PASS
    assert behind({}, {}).result is Result.FAIL
    assert behind({"tcp": REACHED}, {"greet": mine}).result is Result.FAIL, "the gateway answers the host alone"
    assert behind({"tcp": REACHED}, {"tcp": REACHED, "greet": mine}).result is Result.PASS
    found = behind({}, {"greet": bare})
    assert found.result is Result.FAIL
    assert "is not masqueraded towards hosts" in found.message
    no_way = "can't attach a container behind eth0 (operation not supported (95))"
    assert behind({}, {}, peer=no_way).result is Result.UNPROVEN
    assert behind({"tcp": REACHED}, {"tcp": REACHED}, peer=no_way).result is Result.PASS


def test_egress_leaves_out_networks_whose_way_back_is_not_the_hosts() -> None:
    plain = Network(id="n2", name="plain", driver="bridge", bridge="br-2", subnets=("10.2.0.0/24",), masquerade=False)
    inner = Network(id="n3", name="inner", driver="bridge", bridge="br-3", subnets=("10.3.0.0/24",), internal=True)
    routed = Network(
        id="n4", name="routed", driver="bridge", bridge="br-4", subnets=("10.4.0.0/24",), gateway_mode="routed"
    )
    found = begin(egress(Networks(items=(plain, inner, routed)), LINKS, EngineConfig(), GONE, UP, RULES, GONE))
    assert isinstance(found, ProbeResult)
    assert found.result is Result.SKIP


def test_before_the_engines_first_start_the_runtime_brings_the_rules() -> None:
    def started(state: EngineState, rules: Firewall, forward: str) -> Launch | ProbeResult:
        sysctl = Sysctl(values={"net.ipv4.ip_forward": forward})
        return begin(egress(NETWORKS, LINKS, EngineConfig(), GONE, state, rules, sysctl))

    def masquerades(found: Launch | ProbeResult) -> bool:
        return isinstance(found, Launch) and found.containers[1].get("masquerade") is True

    assert masquerades(started(DOWN, EMPTY, "1"))
    assert not masquerades(started(DOWN, RULES, "1")), "the engine's rules are there: they are what counts"
    assert not masquerades(started(UP, EMPTY, "1")), "the engine runs without its rules: that is the problem"
    off = started(DOWN, EMPTY, "0")
    assert isinstance(off, ProbeResult)
    assert off.result is Result.UNPROVEN
    assert isinstance(started(DOWN, RULES, "0"), Launch)


def host_dns(text: str, resolved: str = "") -> HostDns:
    lists = (ServerList(path=RESOLVED, config=resolv_conf.parse(resolved)),) if resolved else ()
    return HostDns(kind="f", config=resolv_conf.parse(text), lists=lists)


@pytest.mark.parametrize(
    ("text", "resolved", "setting", "expected"),
    [
        ("nameserver 192.0.2.53\n", "", None, ("192.0.2.53",)),
        ("nameserver 127.0.0.1\nnameserver 192.0.2.53\n", "", None, ("192.0.2.53",)),
        ("nameserver 127.0.0.53\n", "nameserver 192.0.2.54\n", None, ("192.0.2.54",)),
        # With a second server beside the stub the engine stays with resolv.conf.
        ("nameserver 127.0.0.53\nnameserver 192.0.2.53\n", "nameserver 192.0.2.54\n", None, ("192.0.2.53",)),
        ("nameserver 127.0.0.1\n", "", None, ("8.8.8.8", "8.8.4.4")),
        ("", "", None, ("8.8.8.8", "8.8.4.4")),
        ("nameserver 192.0.2.53\n", "", ["203.0.113.53", "fd00::1"], ("203.0.113.53",)),
        ("nameserver fd00::1\n", "", None, ("8.8.8.8", "8.8.4.4")),
        ("nameserver 192.0.2.53\n", "", ["fd00::1"], ()),
    ],
)
def test_the_servers_of_a_container(text: str, resolved: str, setting: Any, expected: tuple[str, ...]) -> None:
    config = EngineConfig(settings={} if setting is None else {"dns": EffectiveSetting(value=setting, origin="file")})
    assert servers_of(host_dns(text, resolved), config)[0] == expected


def test_names() -> None:
    def asked(text: str, host: dict[str, Any], inside: dict[str, Any]) -> ProbeResult:
        work = dns(NETWORKS, host_dns(text), EngineConfig(), UP, GONE, GONE, RULES, GONE, GONE)
        return end(work, said(begin(work), {"host": {"dns": host}, "inside": {"dns": inside}}))

    there = "nameserver 192.0.2.53\n"
    assert asked(there, REACHED, REACHED).result is Result.PASS
    assert asked(there, REACHED, SILENT).result is Result.FAIL
    assert asked(there, REACHED, REFUSED).result is Result.FAIL
    dead = asked(there, SILENT, SILENT)
    assert dead.result is Result.FAIL
    assert dead.by_others, "no repair of this host can fix a dead server"
    assert asked("", SILENT, SILENT).result is Result.SKIP, "this host names no server"
    # The host has its own resolver, and a container is given public servers that are out of its reach.
    work = dns(NETWORKS, host_dns("nameserver 127.0.0.1\n"), EngineConfig(), UP, GONE, GONE, RULES, GONE, GONE)
    ended = said(begin(work), {})
    first = ended["host"].output["results"][0]
    assert first["host"] == "127.0.0.1"
    first["reached"] = True
    found = end(work, ended)
    assert found.result is Result.FAIL
    assert "8.8.8.8" in found.message


def test_a_first_server_that_answers_nobody_costs_each_lookup_seconds() -> None:
    """Resolvers ask in order. A refusal costs no time, and a silent second server is never asked."""

    def asked(first: dict[str, Any], second: dict[str, Any], *, host: dict[str, Any] | None = None) -> ProbeResult:
        text = "nameserver 192.0.2.53\nnameserver 192.0.2.54\n"
        work = dns(NETWORKS, host_dns(text), EngineConfig(), UP, GONE, GONE, RULES, GONE, GONE)
        ended = said(begin(work), {})
        for one in ended.values():
            for target, answer in zip(one.output["results"], (first, second), strict=True):
                target.update(host if host is not None and one.id == "host" else answer)
        return end(work, ended)

    slow = asked(SILENT, REACHED)
    assert (slow.result, slow.by_others) == (Result.FAIL, True)
    assert "first waits seconds for 192.0.2.53, the first server of /etc/resolv.conf" in slow.message
    assert asked({"errno": 113}, REACHED).result is Result.FAIL
    assert asked(REFUSED, REACHED).result is Result.PASS
    assert asked(REACHED, SILENT).result is Result.PASS
    assert asked({"reached": True, "code": 2}, REACHED).result is Result.PASS
    assert asked(SILENT, REACHED, host=REACHED).result is Result.PASS, "it answers the host: another probe's matter"


def test_a_server_that_answers_errors_resolves_nothing() -> None:
    def asked(host: dict[str, Any], inside: dict[str, Any]) -> ProbeResult:
        config = EngineConfig(settings={"dns": EffectiveSetting(value=["192.0.2.9"], origin="file")})
        work = dns(NETWORKS, host_dns("nameserver 192.0.2.53\n"), config, UP, GONE, GONE, RULES, GONE, GONE)
        return end(work, said(begin(work), {"host": {"dns": host}, "inside": {"dns": inside}}))

    error, answer = {"reached": True, "code": 2}, {"reached": True, "code": 3}
    found = [asked(*pair) for pair in ((answer, answer), (answer, error), (error, error))]
    assert [one.result for one in found] == [Result.PASS, Result.FAIL, Result.PASS]
    assert all("192.0.2.9 answers SERVFAIL" in one.message for one in found[1:])


MEMORY = {"/sys/fs/cgroup/memory/memory.limit_in_bytes": "25165824"}
SWAP = MEMORY | {"/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes": "25165824"}
PIDS = {"/sys/fs/cgroup/pids/pids.max": "8"}
CPU = {"/sys/fs/cgroup/cpu.max": "20000 100000"}


def limited(**ended: Ended) -> ProbeResult:
    work = limits(Cgroups(v1={"memory": "/m", "pids": "/p", "cpu": "/c"}))
    begin(work)
    good = {
        "memory": Ended(id="memory", exit=137, oom_killed=True, output={"files": MEMORY}),
        "pids": Ended(id="pids", exit=0, output={"ok": False, "errno": 11, "made": 7, "files": PIDS}),
        "cpu": Ended(id="cpu", exit=0, output={"ok": True, "cpu_s": 0.08, "files": CPU}),
    }
    return end(work, good | ended)


def test_limits_that_do_not_hold() -> None:
    assert limited().result is Result.PASS
    eaten = {"ok": True, "bytes": 96 << 20}
    assert limited(memory=Ended(id="memory", exit=0, output=eaten | {"files": SWAP})).result is Result.FAIL
    found = limited(memory=Ended(id="memory", exit=0, output=eaten | {"files": MEMORY}))
    assert found.result is Result.UNPROVEN
    assert "does not account swap" in found.message
    assert limited(pids=Ended(id="pids", exit=0, output={"ok": True, "made": 32, "files": PIDS})).result is Result.FAIL
    assert limited(cpu=Ended(id="cpu", exit=0, output={"ok": True, "cpu_s": 0.29, "files": CPU})).result is Result.FAIL
    refused = Ended(id="cpu", exit=125, error="can't set the limits: no cgroup in /c: read-only file system (30)")
    assert limited(cpu=refused).result is Result.FAIL
    assert limited(cpu=Ended(id="cpu", exit=125, error="can't make the namespaces")).result is Result.ERROR


@pytest.mark.parametrize("denied", ["permission denied (13)", "operation not permitted (1)"])
@pytest.mark.parametrize(
    "said", ["can't set the limits: no cgroup in /c: {}", "can't limit cpu: no usable cgroup controller 'cpu' ({})"]
)
def test_a_user_who_may_not_set_limits_proves_nothing(denied: str, said: str) -> None:
    """Who is not root is denied the control groups: that is not a fault of the host."""
    found = limited(cpu=Ended(id="cpu", exit=125, error=said.format(f"no cgroup in /c: {denied}")))
    assert found.result is Result.ERROR
    assert denied in found.message


@pytest.mark.parametrize("name", ["memory", "pids", "cpu"])
@pytest.mark.parametrize(
    "files", [{}, {"/sys/fs/cgroup/x/memory.max": "max", "/a/pids.max": "max", "/a/cpu.max": "max"}]
)
def test_a_limit_that_the_kernel_does_not_show_does_not_hold(name: str, files: dict[str, str]) -> None:
    """Even where the container behaved as if it were limited: something else may have stopped it."""
    behaved = {
        "memory": Ended(id="memory", exit=137, oom_killed=True, output={"files": files}),
        "pids": Ended(id="pids", exit=0, output={"ok": False, "errno": 11, "made": 7, "files": files}),
        "cpu": Ended(id="cpu", exit=0, output={"ok": True, "cpu_s": 0.08, "files": files}),
    }
    found = limited(**{name: behaved[name]})
    assert found.result is Result.FAIL
    assert name in found.message


@pytest.mark.parametrize("there", [(), ("cpu",), ("memory", "pids"), ("cpu", "memory"), ("cpu", "pids")])
def test_a_limit_without_a_controller_does_not_hold(there: tuple[str, ...]) -> None:
    """The engine starts the container without the limit, with a warning that nobody reads."""
    work = limits(Cgroups(v1={name: f"/sys/fs/cgroup/{name}" for name in there}))
    found = begin(work)
    if isinstance(found, Launch):
        good = {
            "memory": Ended(id="memory", exit=137, oom_killed=True, output={"files": MEMORY}),
            "pids": Ended(id="pids", exit=0, output={"ok": False, "errno": 11, "made": 7, "files": PIDS}),
            "cpu": Ended(id="cpu", exit=0, output={"ok": True, "cpu_s": 0.08, "files": CPU}),
        }
        found = end(work, {one["id"]: good[one["id"]] for one in found.containers})
    assert found.result is Result.FAIL
    for name in {"memory", "pids", "cpu"} - set(there):
        assert f"the {name} controller is missing" in found.message


ROOT = DataRoot(
    path=HostPath("/d"), resolved=HostPath("/d"), entries={}, uid=0, gid=0, mode=0o710, is_of_root=True, device=1, mount=None,
    drivers=(), configured_driver="overlay2",
)  # fmt: skip


@pytest.mark.parametrize(
    ("driver", "place", "expected"),
    [
        ("overlay2", "/d", Result.PASS),
        ("overlay2", "/other", Result.UNPROVEN),
        ("vfs", "/d", Result.UNPROVEN),
        ("", "", Result.UNPROVEN),
    ],
)
def test_an_engine_that_runs_shows_that_its_disk_takes_layers(driver: str, place: str, expected: Result) -> None:
    """On a data root of its own disk, nothing else shows it while no container runs."""
    gone = Missing(Why.ABSENT, "not there")
    info: EngineInfo | Missing = EngineInfo(data_root=place, storage_driver=driver) if driver else gone
    work = storage(ROOT, gone, gone, gone, WriteTrial(error=0, words="written"), info)
    begin(work)
    done = Ended(id="plain", exit=0, output={"ok": True, "done": ["write"]})
    assert end(work, {"plain": done}).result is expected


def test_a_host_without_a_way_out_has_no_egress_to_prove() -> None:
    """No default route and no name server: an isolated host. A route whose interface is unknown stays unproven."""
    alone = Links(links=LINKS.links, routes=())
    assert begin(egress(NETWORKS, alone, EngineConfig(), GONE, UP, RULES, GONE)).result is Result.SKIP
    direct = Links(links=LINKS.links, routes=(Route(destination="default", device="ppp0"),))
    assert begin(egress(NETWORKS, direct, EngineConfig(), GONE, UP, RULES, GONE)).result is Result.UNPROVEN


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((Result.PASS,), 0),
        ((Result.PASS, Result.SKIP), 0),
        ((Result.SKIP,), 3),
        ((), 3),
        ((Result.PASS, Result.UNPROVEN), 3),
        ((Result.PASS, Result.ERROR), 3),
        ((Result.UNPROVEN, Result.FAIL, Result.ERROR), 1),
    ],
)
def test_the_exit_code_of_a_probe_is_0_only_for_what_was_proven(kinds: tuple[Result, ...], expected: int) -> None:
    results = tuple(ProbeResult(name="p", proves="", result=kind, message="") for kind in kinds)
    assert judge_probes(results).exit_code == expected
