"""Requests to an API server: what is sent, and what happens if it is down, slow, busy or says no."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from doctor.reports import json as json_format
from msgspec.structs import replace

from doctor.kubernetes import conditions as made
from doctor.kubernetes.api import Api, KubernetesError, Server, valid_node
from doctor.kubernetes.publish import Publishing, loop, publish
from doctor.model.errors import DoctorError, UsageError
from doctor.model.report import ScanReport
from tests.unit.kubernetes import server_kit as kit
from tests.unit.reports import samples

NOW = samples.STARTED + 60


@pytest.fixture
def server() -> Iterator[kit.Server]:
    """An API server without TLS, as ``kubectl proxy`` is one."""
    with kit.serving() as made_server:
        yield made_server


class Node:
    """A node with its report, and the pauses that were made."""

    def __init__(self, place: Path, url: str, **options: float) -> None:
        self.file = place / "scan.json"
        self.pauses: list[float] = []
        self.time = 0.0
        self.api = Api(
            Server(url=url, account=kit.account(place / "account"), **options),
            sleep=self._sleep,
            clock=lambda: self.time,
        )
        self.job = Publishing(
            path=str(self.file), node=kit.NODE, rules=(made.ConditionRule(made.DEFAULT),), oldest_s=2100.0
        )

    def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds

    def publish(self, report: ScanReport | None = None, now: float = NOW) -> list[str]:
        """Publish and return the statuses that changed."""
        if report is not None:
            self.file.write_bytes(json_format.render(report))
        return [one.status for one in publish(self.job, self.api, now=lambda: now)]


@pytest.fixture
def node(server: kit.Server, tmp_path: Path) -> Node:
    return Node(tmp_path, server.url)


def test_the_life_of_a_condition(server: kit.Server, node: Node) -> None:
    """Healthy, broken, broken still, unknown, healthy: an event for each change, and none for a heartbeat."""
    assert node.publish(samples.HEALTHY) == []
    assert server.condition()["status"] == "False"
    assert node.publish(samples.BROKEN, NOW + 600) == ["True"]
    broken = server.condition()
    assert node.publish(samples.BROKEN, NOW + 1200) == []
    assert server.condition() == broken | {"lastHeartbeatTime": made.iso(NOW + 1200)}
    assert node.publish(samples.INCOMPLETE, NOW + 1800) == ["Unknown"]
    assert node.publish(samples.HEALTHY, NOW + 1900) == ["False"]
    assert [(one["type"], one["reason"]) for one in server.events] == [
        ("Warning", "StateNetworkDbCorrupt"),
        ("Normal", "ScanIncomplete"),
        ("Normal", "NoProblemFound"),
    ]
    assert server.events[0]["involvedObject"] == {"apiVersion": "v1", "kind": "Node", "name": kit.NODE, "uid": "0a-1b"}
    assert server.condition("Ready")["status"] == "True"


def test_a_node_that_begins_with_a_problem_has_an_event(server: kit.Server, node: Node) -> None:
    assert node.publish(samples.BROKEN) == ["True"]
    assert len(server.events) == 1
    # A new pod knows nothing, and reads the condition from the node.
    assert Node(node.file.parent, server.url).publish(samples.BROKEN) == []


def test_only_these_requests_are_sent(server: kit.Server, node: Node) -> None:
    """Those that kubernetes/rbac.yaml allows: the first changes nothing."""
    node.publish(samples.BROKEN)
    assert [(verb, path, body if body == {} else "…") for verb, path, _, body in server.requests] == [
        ("PATCH", f"/api/v1/nodes/{kit.NODE}/status?fieldManager=doctor", {}),
        ("PATCH", f"/api/v1/nodes/{kit.NODE}/status?fieldManager=doctor", "…"),
        ("POST", "/api/v1/namespaces/default/events?fieldManager=doctor", "…"),
    ]
    # A proxy on this host has credentials of its own, and the connection is not encrypted.
    assert all("Authorization" not in headers for _, _, headers, _ in server.requests)


@pytest.mark.parametrize(
    ("status", "wait", "pauses"),
    [
        (429, "7", [7.0]),
        (429, "900", [60.0]),
        (429, None, [1.0]),
        (503, "2", [2.0]),
        (500, "soon", [1.0]),
        (409, None, [1.0]),
        (504, "-5", [1.0]),
        (401, None, [1.0]),
    ],
)
def test_what_may_pass_is_tried_again(
    server: kit.Server, node: Node, status: int, wait: str | None, pauses: list[float]
) -> None:
    """After the time that the server asks for, at most a minute."""
    headers = {} if wait is None else {"Retry_After": wait}
    server.script.append(lambda handler: handler.refuse(status, "not now", **headers))
    assert node.publish(samples.BROKEN) == ["True"]
    assert node.pauses == pauses


def test_a_date_in_retry_after(server: kit.Server, node: Node) -> None:
    when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 20))
    server.script.append(lambda handler: handler.refuse(429, "later", Retry_After=when))
    node.publish(samples.BROKEN)
    assert 15 < node.pauses[0] <= 20


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (403, "apply kubernetes/rbac.yaml"),
        (404, "NODE_NAME must be spec.nodeName"),
        (422, "answered 422"),
        (302, "answered 302"),
    ],
)
def test_a_no_is_final_and_says_what_to_do(server: kit.Server, node: Node, status: int, advice: str) -> None:
    server.script.append(
        lambda handler: handler.refuse(status, "nodes is forbidden\x1b[31m", Location="http://127.0.0.1:1/")
    )
    with pytest.raises(KubernetesError, match=advice) as caught:
        node.publish(samples.BROKEN)
    assert "\x1b" not in str(caught.value)
    assert node.pauses == []
    assert len(server.requests) == 1


def test_a_server_in_trouble_is_given_up_in_time(server: kit.Server, node: Node) -> None:
    """With growing pauses, and within the limit."""
    server.script += [lambda handler: handler.refuse(503, "etcd is down")] * 50
    with pytest.raises(KubernetesError, match=r"answered 503: etcd is down.*the next round tries again"):
        node.publish(samples.BROKEN)
    assert node.pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 32.0]


def test_two_tokens_are_tried_and_not_three(server: kit.Server, node: Node) -> None:
    server.script += [lambda handler: handler.refuse(401, "Unauthorized")] * 3
    with pytest.raises(KubernetesError, match="does not accept the token"):
        node.publish(samples.BROKEN)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "raw", [b"", b"<html>", b"[]", b"null", b"{" * 5000], ids=["empty", "html", "list", "null", "deep"]
)
def test_another_program_at_the_address(server: kit.Server, node: Node, raw: bytes) -> None:
    server.script.append(lambda handler: handler.answer(200, raw))
    with pytest.raises(KubernetesError, match="this is not an API server"):
        node.publish(samples.BROKEN)


@pytest.mark.parametrize(
    "body",
    [{}, {"status": []}, {"status": {"conditions": {"x": 1}}}, {"status": {"conditions": [1, {}]}, "metadata": 7}],
)
def test_a_strange_node_is_one_without_conditions(server: kit.Server, node: Node, body: dict[str, object]) -> None:
    server.script.append(lambda handler: handler.answer(200, body))
    assert node.publish(samples.BROKEN) == ["True"]


def test_nobody_listens(tmp_path: Path) -> None:
    node = Node(tmp_path, "http://127.0.0.1:1", limit_s=5.0)
    with pytest.raises(KubernetesError, match=r"no answer from 127.0.0.1:1: connection refused"):
        node.publish(samples.BROKEN)
    assert node.pauses == [1.0, 2.0]


def test_a_server_that_drips_costs_seconds(server: kit.Server, tmp_path: Path) -> None:
    """Each byte arrives in time, and the answer does not."""

    def drip(handler: kit.Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(20):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)

    server.script += [drip]
    node = Node(tmp_path, server.url, timeout_s=0.3, limit_s=0.5)
    began = time.monotonic()
    with pytest.raises(KubernetesError, match="not complete after"):
        node.publish(samples.BROKEN)
    assert time.monotonic() - began < 2


def test_a_failed_event_does_not_hide_the_condition(server: kit.Server, node: Node) -> None:
    node.file.write_bytes(json_format.render(samples.BROKEN))
    original = node.api.create_event

    def refuse(namespace: str, body: dict[str, object]) -> None:
        server.script.append(lambda handler: handler.refuse(403, "events is forbidden"))
        original(namespace, body)

    node.api.create_event = refuse  # type: ignore[method-assign]
    with pytest.raises(KubernetesError, match="events is forbidden"):
        node.publish()
    assert server.condition()["status"] == "True"


class EndError(Exception):
    """Ends the loop of a test."""


def test_the_loop_outlives_every_error(server: kit.Server, node: Node) -> None:
    """An outage is reported, a round later the condition is set."""
    lines: list[str] = []
    node.file.write_bytes(json_format.render(replace(samples.BROKEN, started=time.time())))
    server.script.append(lambda handler: handler.refuse(403, "nodes is forbidden"))

    def sleep(_: float) -> None:
        if len(lines) == 3:
            raise EndError

    with pytest.raises(EndError):
        loop(node.job, node.api, every_s=60, progress=lines.append, sleep=sleep)
    assert lines[0].startswith("this round failed: ")
    assert lines[1].startswith("ContainerHostProblem is True (StateNetworkDbCorrupt): 4 problems found, ")
    assert lines[2] == "1 condition unchanged"


def test_the_first_scan_is_awaited(server: kit.Server, node: Node) -> None:
    """Both containers start with no report, at each update: nothing is sent until it is there, or until it is late."""
    lines: list[str] = []
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        node.time += seconds
        if len(pauses) == 4:
            node.file.write_bytes(json_format.render(replace(samples.HEALTHY, started=time.time())))
        if len(lines) == 6:
            raise EndError

    def run() -> None:
        with pytest.raises(EndError):
            loop(node.job, node.api, every_s=60, progress=lines.append, sleep=sleep, clock=lambda: node.time)

    run()
    assert lines == ["no scan has finished yet: the condition stays as it is"] * 4 + ["1 condition unchanged"] * 2
    assert pauses == [5.0] * 4 + [60.0] * 2
    assert server.condition()["status"] == "False"
    assert server.events == []
    node.file.unlink()
    lines.clear()
    pauses[:] = [0.0] * 9
    node.job = replace(node.job, oldest_s=8.0)
    run()
    assert lines[2].startswith("ContainerHostProblem is Unknown (NoScan)")


@pytest.mark.parametrize(
    "name", ["", "..", "a/b", "a b", "Node", "-a", "a-", "a..b", "a?x=1", "a%2fb", "é", "a\n", "a" * 64, "a." * 130]
)
def test_a_name_that_no_node_has(name: str) -> None:
    """It would be another path of the API."""
    with pytest.raises(UsageError):
        valid_node(name)


@pytest.mark.parametrize(
    "name", ["a", "10.0.0.1", "ip-10-0-0-1.eu-central-1.compute.internal", "0", "a" * 63, ".".join(["a" * 62] * 4)]
)
def test_a_name_that_a_node_can_have(name: str) -> None:
    assert valid_node(name) == name


@pytest.mark.parametrize("url", ["ftp://x", "https://", "http://10.0.0.1:8001", "x", "https://h/path"])
def test_an_address_that_is_refused(url: str) -> None:
    """Nothing is sent without encryption to another host."""
    with pytest.raises(UsageError):
        Api(Server(url=url))


def openssl(*words: str, place: Path) -> None:
    subprocess.run(["openssl", *words], cwd=place, check=True, capture_output=True, timeout=20)


@pytest.mark.not_in_one_file("ssl")
@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_with_tls_a_token_is_read_for_each_request(server: kit.Server, tmp_path: Path) -> None:
    """The server's certificate is checked with the pod's own authority, and an exchanged token is used at once."""
    kit.encrypt(server, tmp_path)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    openssl("req", "-x509", *key, "-keyout", "key2", "-out", "other.crt", "-subj", "/CN=y", place=tmp_path)
    node = Node(tmp_path, server.url.replace("http:", "https:"), limit_s=2.0)
    account = tmp_path / "account"
    with pytest.raises(DoctorError, match="can't read the certificate of the API server"):
        node.publish(samples.HEALTHY)
    shutil.copy(tmp_path / "other.crt", account / "ca.crt")
    with pytest.raises(KubernetesError, match="certificate verify failed"):
        node.publish(samples.HEALTHY)
    shutil.copy(tmp_path / "ca.crt", account / "ca.crt")
    server.requests.clear()

    def exchange(handler: kit.Handler) -> None:
        kit.account(account, "second.token")
        handler.refuse(401, "Unauthorized")

    server.script.append(exchange)
    node.publish(samples.HEALTHY)
    assert [headers["Authorization"] for _, _, headers, _ in server.requests] == [
        "Bearer first.token",
        "Bearer second.token",
        "Bearer second.token",
    ]
    for bad in ("", "a b", "a\nHost: x", "é"):
        (account / "token").write_text(bad)
        with pytest.raises(DoctorError, match="token"):
            node.publish(samples.HEALTHY)


def test_the_one_file_says_how_it_reaches_the_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It has no TLS."""
    monkeypatch.setitem(__import__("sys").modules, "ssl", None)
    with pytest.raises(DoctorError, match=r"no TLS.*kubectl proxy"):
        Node(tmp_path, "https://127.0.0.1:1").publish(samples.HEALTHY)
