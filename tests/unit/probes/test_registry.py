"""The judgement of the probe of registries on what its test container reports."""

from typing import Any

import pytest

from doctor.facts.registry.certificates import CertificateFlaw, RegistryCertificates
from doctor.facts.registry.registries import DEFAULT, HUB, EngineProxies, Registries, Registry
from doctor.model.outcome import Result
from doctor.model.paths import HostPath
from doctor.model.probe_result import ProbeResult
from doctor.model.probing import Ended, Launch
from doctor.probes.registry import registry

NOW = 1_795_990_000.0
HUB_USED = Registry(host=HUB, port=443, source="image app", is_needed=True)
HUB_MAYBE = Registry(host=HUB, port=443, source=DEFAULT)
FRESH = Registry(host=HUB, port=443, source=DEFAULT, is_needed=True)
MIRROR = Registry(
    host="mirror.lan", port=5000, source="registry-mirrors", is_mirror=True, is_needed=True, directory="mirror.lan:5000"
)
LOGIN = Registry(host="old.lan", port=443, source="login in /root/.docker/config.json")
STORE = (HostPath("/etc/ssl/certs/ca-certificates.crt"),)
OK = {"step": "done", "status": 200, "headers": {"content-type": "application/json; charset=utf-8"}}
DROPPED = {"step": "connect", "problem": "silent", "address": "192.0.2.1"}
REFUSED = {"step": "connect", "problem": "errno", "errno": 111, "address": "192.0.2.1"}
NXDOMAIN = {"step": "resolve", "problem": "no-address", "servers": {"10.0.0.1": "NXDOMAIN"}}
SERVFAIL = {"step": "resolve", "problem": "no-address", "servers": {"10.0.0.1": "SERVFAIL"}}
NO_TLS = {"step": "tls", "problem": "no-tls", "address": "192.0.2.1"}
UNTRUSTED = {"step": "tls", "problem": "untrusted", "errno": 20}


def judged(
    *found: tuple[Registry, dict[str, Any]],
    second: dict[str, dict[str, Any]] | None = None,
    files: RegistryCertificates | None = None,
    **known: Any,
) -> ProbeResult:
    """Run the probe with the answers of its containers."""
    facts = Registries(items=tuple(one for one, _ in found), store=STORE, **({"has_way_out": True} | known))
    probe = registry(facts, files or RegistryCertificates())
    answers = [said | {"id": f"{one.host}:{one.port}"} for one, said in found]
    try:
        next(probe)
        probe.send({"talk": Ended(id="talk", exit=0, output={"results": answers, "now": NOW, "seconds": 0.1})})
        later = [said | {"id": name} for name, said in (second or {}).items()]
        probe.send({"talk": Ended(id="talk", exit=0, output={"results": later})})
    except StopIteration as end:
        found: ProbeResult = end.value
        return found
    raise AssertionError("it did not end")


@pytest.mark.parametrize(
    ("found", "known", "outcome"),
    [
        ([(HUB_USED, OK)], {}, Result.PASS),
        ([(HUB_USED, DROPPED)], {}, Result.FAIL),
        ([(HUB_USED, NO_TLS)], {}, Result.UNPROVEN),
        ([(HUB_USED, SERVFAIL)], {}, Result.FAIL),
        ([(HUB_USED, DROPPED)], {"has_way_out": False}, Result.SKIP),
        ([(HUB_MAYBE, DROPPED)], {}, Result.SKIP),
        ([(HUB_MAYBE, NXDOMAIN)], {}, Result.SKIP),
        ([(HUB_MAYBE, UNTRUSTED)], {}, Result.FAIL),
        ([(FRESH, NXDOMAIN)], {}, Result.SKIP),
        ([(FRESH, SERVFAIL)], {}, Result.FAIL),
        ([(FRESH, REFUSED)], {}, Result.FAIL),
        ([(FRESH, NXDOMAIN)], {"other_names": ("mdns4_minimal",)}, Result.UNPROVEN),
        ([(MIRROR, OK), (HUB_USED, DROPPED)], {}, Result.PASS),
        ([(MIRROR, DROPPED), (HUB_USED, OK)], {}, Result.FAIL),
        ([(HUB_USED, OK), (LOGIN, NXDOMAIN)], {}, Result.PASS),
        ([(HUB_USED, OK), (LOGIN, UNTRUSTED)], {}, Result.FAIL),
        ([(HUB_USED, {"step": "failed", "problem": "failed", "text": "x"})], {}, Result.ERROR),
    ],
)
def test_by_design_is_no_failure(
    found: list[tuple[Registry, dict[str, Any]]], known: dict[str, Any], outcome: Result
) -> None:
    """A registry that nothing answers for counts only if the host certainly uses it and has a way there."""
    assert judged(*found, **known).result is outcome


def test_no_registry_is_a_skip() -> None:
    assert judged().result is Result.SKIP


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (
            {"step": "connect", "problem": "errno", "errno": 111, "address": "10.0.0.9"},
            "refuses connections on port 3128",
        ),
        ({"step": "proxy", "problem": "status", "status": 407}, "wants a valid user name and password (407)"),
        ({"step": "proxy", "problem": "status", "status": 403}, "answers 403 Forbidden"),
        ({"step": "proxy", "problem": "silent"}, "accepts the connection and does not answer"),
        ({"step": "proxy", "problem": "not-http"}, "does not speak HTTP"),
        ({"step": "proxy", "problem": "closed"}, "closes the connection"),
    ],
)
def test_a_proxy_fails_every_registry_behind_it(said: dict[str, Any], text: str) -> None:
    """Also one that the host may not use; and no password of the proxy is shown."""
    proxies = EngineProxies(https="http://me:hunter2@proxy.lan:3128", source="/etc/docker/daemon.json:2")
    found = judged((HUB_MAYBE, said), proxies=proxies)
    assert found.result is Result.FAIL
    assert f"the proxy http://proxy.lan:3128 {text}" in found.message
    assert "hunter2" not in repr((found, proxies))


@pytest.mark.parametrize("mirror", [OK, {"step": "proxy", "problem": "status", "status": 403}])
def test_the_hub_behind_a_mirror_that_answers_may_be_refused_by_a_proxy(mirror: dict[str, Any]) -> None:
    """The engine asks the mirror first; a proxy that refuses that one too stops pulls."""
    refused = {"step": "proxy", "problem": "status", "status": 500}
    proxies = EngineProxies(https="http://proxy.lan:3128", source="/etc/docker/daemon.json:2")
    found = judged((MIRROR, mirror), (HUB_USED, refused), proxies=proxies)
    assert found.result is (Result.PASS if mirror is OK else Result.FAIL)
    assert "the proxy http://proxy.lan:3128 answers 500" in found.message + repr(found.evidence)


@pytest.mark.parametrize(
    ("status", "hub", "other", "expected"),
    [
        (403, HUB_MAYBE, OK, Result.PASS),
        (403, HUB_MAYBE, DROPPED, Result.FAIL),
        (403, HUB_USED, OK, Result.FAIL),
        (407, HUB_MAYBE, OK, Result.FAIL),
    ],
)
def test_a_proxy_may_let_only_some_registries_through(
    status: int, hub: Registry, other: dict[str, Any], expected: Result
) -> None:
    """Docker Hub is barred and nothing shows that the host pulls from it, and the firm's registry answers."""
    inner = Registry(host="registry.lan", port=443, source="images", is_needed=True, directory="registry.lan")
    proxies = EngineProxies(https="http://proxy.lan:3128", source="/etc/docker/daemon.json:2")
    barred = {"step": "proxy", "problem": "status", "status": status}
    assert judged((inner, other), (hub, barred), proxies=proxies).result is expected


def test_an_insecure_registry_may_speak_plain_http() -> None:
    plain = {"step": "tls", "problem": "plain"}
    assert judged((Registry(host="a", port=5000, source="", is_insecure=True), plain)).result is Result.PASS
    assert "insecure-registries" in repr(judged((Registry(host="a", port=5000, source=""), plain)))


def test_a_late_authority_and_refused_files() -> None:
    """The handshake succeeds, but the engine does not know it yet or does not get so far."""
    added = {"late": {"ab": HostPath("/usr/local/share/ca-certificates/x.crt")}}
    late = judged((HUB_USED, OK | {"root": "ab"}), trusts={HUB: False}, **added)
    assert "added after the engine's start" in late.message
    assert judged((HUB_USED, OK | {"root": "ab"}), trusts={HUB: True}, **added).result is Result.PASS
    assert judged((HUB_USED, OK | {"root": "ab"}), **added).result is Result.UNPROVEN
    path = HostPath("/etc/docker/certs.d/mirror.lan:5000/a.cert")
    flaw = CertificateFlaw(path=path, registry="mirror.lan:5000", why="has no key a.key beside it")
    files = RegistryCertificates(flaws=(flaw,))
    assert "is refused by the engine itself" in judged((MIRROR, OK), files=files).message


def test_the_token_server_and_the_limit_count() -> None:
    asks = {
        "step": "done",
        "status": 401,
        "headers": {"www-authenticate": 'Bearer realm="https://auth.docker.io/token",service="s"'},
    }
    key = f"{HUB}:443"
    used_up = {"step": "done", "status": 200, "then": {"status": 200, "headers": {"ratelimit-remaining": "0;w=21600"}}}
    left = {"step": "done", "status": 200, "then": {"status": 200, "headers": {"ratelimit-remaining": "9;w=21600"}}}
    assert judged((HUB_USED, asks), second={key: left}).result is Result.PASS
    assert "no pulls left" in judged((HUB_USED, asks), second={key: used_up}).message
    down = {"step": "done", "status": 200, "then": {"status": 503, "headers": {}}}
    assert "answers 503 when" in judged((HUB_USED, asks), second={key: down}).message
    assert "its token server does not answer" in judged((HUB_USED, asks), second={key: DROPPED}).message


def test_hostile_text_is_escaped() -> None:
    found = judged(
        (HUB_USED, {"step": "tls", "problem": "tls", "text": "\x1b[31m\u202e", "headers": {"date": "\x00\x1b"}})
    )
    assert "\x1b" not in found.message + repr(found.evidence)
    assert "\u202e" not in found.message


def test_many_registries_are_summed_up() -> None:
    many = [
        (Registry(host=f"m{number}", port=443, source="", is_mirror=True, is_needed=True), DROPPED)
        for number in range(50)
    ]
    found = judged(*many)
    assert len(found.evidence) < 20
    assert len(found.message) < 600


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"status": 401, "headers": {"www-authenticate": "Basic"}}, Result.PASS),
        ({"status": 200, "headers": {"docker-distribution-api-version": "registry/2.0"}}, Result.PASS),
        ({"status": 308, "headers": {"location": "https://mirror.lan/v2/"}}, Result.PASS),
        ({"status": 200, "headers": {"content-type": "text/html"}}, Result.FAIL),
        ({"status": 404, "headers": {"content-type": "application/json"}}, Result.FAIL),
    ],
)
def test_a_mirror_that_is_another_web_server_is_no_mirror(answer: dict[str, Any], outcome: Result) -> None:
    """Dockerd 26.1 then asks Docker Hub; of another registry such an answer is not judged: it may serve files only."""
    said = {"step": "done", **answer}
    found = judged((MIRROR, said), (HUB_USED, OK))
    assert found.result is outcome
    assert ("not as a registry does" in found.message) is (outcome is Result.FAIL)
    assert judged((LOGIN, said), (HUB_USED, OK)).result is Result.PASS


def test_a_proxy_at_port_0_is_named_and_not_asked() -> None:
    facts = Registries(items=(HUB_USED,), proxies=EngineProxies(https=":0", source="/etc/docker/daemon.json:1"))
    probe = registry(facts, RegistryCertificates())
    launch = next(probe)
    assert isinstance(launch, Launch)
    assert launch.containers[0]["args"]["targets"] == []
    with pytest.raises(StopIteration) as end:
        probe.send({"talk": Ended(id="talk", exit=0, output={"results": [], "now": NOW, "seconds": 0.0})})
    assert end.value.value.result is Result.FAIL
    assert "the engine's proxy has port 0" in end.value.value.message


@pytest.mark.parametrize("spent", [0.0, 1.2])
def test_the_question_to_the_engine_is_part_of_the_limit(spent: float) -> None:
    """All talk ends within 3 seconds."""
    launch = next(registry(Registries(items=(HUB_USED,), asked_s=spent), RegistryCertificates()))
    assert isinstance(launch, Launch)
    assert launch.containers[0]["args"]["timeout_s"] + 0.5 + spent <= 3


def test_a_doctor_without_tls_judges_neither_a_registry_nor_its_token_server() -> None:
    """The one file: a doubt, never a failure, and a way to look."""
    found = judged((HUB_USED, NO_TLS))
    assert "has no TLS" in found.message
    assert found.evidence[-1].source == "to do"
    assert "install openssl" in str(found.evidence[-1].value)
    asked = {"step": "done", "status": 401, "headers": {"www-authenticate": 'Bearer realm="https://auth.lan/token"'}}
    assert judged((MIRROR, asked), second={"mirror.lan:5000": NO_TLS}).result is Result.UNPROVEN


def test_the_program_that_speaks_tls_is_bound_and_named() -> None:
    """With the directories that it is read from, read-only; nothing of that with TLS of doctor's own."""
    facts = Registries(items=(HUB_USED,), openssl=HostPath("/usr/bin/openssl"), openssl_needs=(HostPath("/usr"),))
    container = next(registry(facts, RegistryCertificates())).containers[0]
    assert container["args"]["openssl"] == "/usr/bin/openssl"
    assert {"source": "/usr", "target": "/usr", "readonly": True} in container["volumes"]
    container = next(registry(Registries(items=(HUB_USED,)), RegistryCertificates())).containers[0]
    assert "openssl" not in container["args"]
    assert not container["volumes"]
