"""The four network modes carry real traffic, and leave nothing behind."""

import json
import subprocess

import pytest

from tests.live.runtime import runtime_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.skipif(bool(kit.why_not()), reason=kit.why_not() or "-")]

PRIVATE = ("unshare", "--net", "--mount")


def bridge(last: int, **more: object) -> dict[str, object]:
    found = {"name": "drt0", "address": f"10.99.0.{last}/24", "gateway": "10.99.0.1", **more}
    return {"net": "bridge", "bridge": found}


SERVER: dict[str, object] = {
    "id": "server",
    "background": True,
    "ready": "ready",
    "builtin": "listen",
    "args": {"port": 8080, "body": 'quoted "body"'},
    **bridge(2, create=True),
}


def get(name: str, host: str, port: int = 8080, **more: object) -> dict[str, object]:
    args = {"host": host, "port": port, "timeout_s": 3}
    return {"id": name, "builtin": "http-get", "args": args, "timeout_s": 10, **more}


def test_bridge_host_and_container_networks_reach_a_server() -> None:
    results = kit.batch(
        SERVER,
        get("bridge", "10.99.0.2", **bridge(3)),
        get("container", "127.0.0.1", net="container:server"),
        get("host", "10.99.0.2", net="host"),
        get("none", "10.99.0.2", net="none"),
        prefix=PRIVATE,
    )
    peers = {name: json.loads(kit.answer(results[name])["body"]) for name in ("bridge", "container", "host")}
    assert peers["bridge"]["peer"] == "10.99.0.3"
    assert peers["container"]["peer"] == "127.0.0.1"
    assert peers["host"]["peer"] == "10.99.0.1"
    assert peers["host"]["body"] == 'quoted "body"'
    assert results["none"]["exit"] == 1
    assert results["server"]["killed"] is True


def test_datagrams_reach_a_listener() -> None:
    server = {**SERVER, "builtin": "udp-listen", "args": {"port": 5353}}
    ask = {"id": "ask", "builtin": "udp-ask", "args": {"host": "10.99.0.2", "port": 5353, "text": "hello"}}
    results = kit.batch(server, {**ask, **bridge(3)}, {**ask, "id": "nobody", **bridge(4)}, prefix=PRIVATE)
    assert kit.answer(results["ask"])["answer"] == "10.99.0.3 hello"
    assert results["nobody"]["exit"] == 1  # the listener served one


def test_a_process_s_and_a_file_s_network_can_be_joined() -> None:
    with subprocess.Popen(["unshare", "--net", "sleep", "30"]) as other:
        try:
            wanted = None
            while wanted is None or wanted == _namespace("self"):
                wanted = _namespace(str(other.pid))
            results = kit.batch(
                {"id": "pid", "builtin": "inspect", "net": f"container:{other.pid}"},
                {"id": "path", "builtin": "inspect", "net": f"path:/proc/{other.pid}/ns/net"},
            )
        finally:
            other.kill()
    for name in ("pid", "path"):
        assert kit.answer(results[name])["namespaces"]["net"] == wanted


def _namespace(pid: str) -> str:
    return subprocess.run(
        ["readlink", f"/proc/{pid}/ns/net"], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_missing_bridge_and_container_are_errors() -> None:
    results = kit.batch(
        {"id": "a", "builtin": "print", **bridge(2)}, {"id": "b", "builtin": "print", "net": "container:nobody"}
    )
    assert "bridge 'drt0' does not exist" in results["a"]["error"]
    assert "no container 'nobody'" in results["b"]["error"]
    assert {result["exit"] for result in results.values()} == {125}


def script(text: str, spec: dict[str, object]) -> str:
    """Run a shell script in a network namespace of its own; $1 is the runtime's command, $2 a batch document."""
    runtime = " ".join(kit.PROGRAM)
    argv = [*PRIVATE, "sh", "-c", text, "sh", runtime, json.dumps(spec)]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=50).stdout


LEFT = "; echo LEFT; ip -o link | cut -d: -f2; iptables-save 2>/dev/null | grep doctor || true"


def test_a_published_port_is_reached_and_its_rules_are_removed() -> None:
    server = SERVER | {"publish": [{"host_port": 18080, "container_port": 8080}], "masquerade": True}
    spec: dict[str, object] = {"containers": [server, get("client", "10.99.0.1", 18080, net="host")]}
    text = script('ip link set lo up; echo "$2" | $1 batch' + LEFT, spec)
    results, _, left = text.partition("LEFT\n")
    client = json.loads(results.splitlines()[0])
    assert client["id"] == "client"
    assert kit.answer(client)["status"] == 200
    assert left.split() == ["lo"]


def test_a_killed_runtime_leaves_no_bridge_and_no_rule() -> None:
    """SIGKILL gives no time to clean up: the janitor does it."""
    server = SERVER | {"publish": [{"host_port": 18080, "container_port": 8080}], "masquerade": True}
    sleeper = {"id": "sleeper", "builtin": "sleep", "args": {"seconds": 60}}
    spec: dict[str, object] = {"containers": [server, sleeper]}
    text = script(
        'echo "$2" > /tmp/spec; $1 batch < /tmp/spec & '
        "n=0; until iptables-save -t nat | grep -q MASQ; do n=$((n+1)); [ $n -lt 100 ] || exit 1; sleep 0.1; done; "
        "iptables-save | grep -c doctor; ip -o link | grep -c drt0; kill -9 $!; sleep 1.5" + LEFT,
        spec,
    )
    before, _, left = text.partition("LEFT\n")
    assert [int(line) > 0 for line in before.split()] == [True, True]
    assert left.split() == ["lo"]


def test_dns_is_asked_and_errors_are_reported() -> None:
    """No server answers in an empty network: said within its time, with each server's reason."""
    result = kit.batch(
        {
            "id": "a",
            "builtin": "dns-query",
            "args": {"name": "example.com", "timeout_s": 0.3},
            "files": {"/etc/resolv.conf": "nameserver 127.0.0.1\nnameserver 192.0.2.1\n"},
        }
    )["a"]
    seen = kit.answer(result)
    assert seen["answered"] is False
    assert len(seen["problems"]) == 2
    assert result["exit"] == 1
