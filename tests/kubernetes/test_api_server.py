"""The manifests and the requests, judged by a real API server with RBAC."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from doctor.reports import json as json_format

from doctor.kubernetes import conditions as made
from doctor.kubernetes.api import Api, KubernetesError, Server
from doctor.model.report import ScanReport
from tests.kubernetes import api_server
from tests.kubernetes import node as kit
from tests.unit.reports import samples

pytestmark = [pytest.mark.live, pytest.mark.timeout(200)]
NODE = "node-1.example"
DOCTOR = Path(sys.executable).with_name("doctor")
READY = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[api_server.ApiServer]:
    """A server with a node and doctor's manifests."""
    if why := api_server.why_not():
        pytest.skip(why)
    with api_server.running(tmp_path_factory.mktemp("server")) as found:
        status, _ = found.ask("POST", "/api/v1/nodes", {"metadata": {"name": NODE}})
        assert status == 201
        found.ask("PATCH", f"/api/v1/nodes/{NODE}/status", {"status": {"conditions": [READY]}})
        apply(found, built(tmp_path_factory.mktemp("plain")))
        yield found


def built(place: Path, *components: str, known: bool = True) -> list[dict[str, Any]]:
    """Return the objects of the kustomization; with ``known`` without the one field that is younger than the server."""
    objects = kit.objects(place, components)
    if known:
        for one in objects:
            if one["kind"] == "DaemonSet":
                for container in one["spec"]["template"]["spec"]["containers"]:
                    container["securityContext"].pop("appArmorProfile", None)
    return objects


def apply(server: api_server.ApiServer, objects: list[dict[str, Any]], *words: str, check: bool = True) -> str:
    """Apply objects with fields that are unknown refused; return all that kubectl prints."""
    file = server.place / "objects.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    done = server.kubectl("apply", "--validate=true", f"--filename={file}", *words, check=check)
    return done.stdout + done.stderr


def token(server: api_server.ApiServer) -> str:
    """Return a token as the kubelet asks for one."""
    return server.kubectl("create", "token", "doctor", "--namespace=container-doctor").stdout.strip()


@pytest.fixture
def account(server: api_server.ApiServer, tmp_path: Path) -> Path:
    """The directory of the service account, as it is in the pod."""
    place = tmp_path / "account"
    place.mkdir()
    (place / "token").write_text(token(server))
    (place / "ca.crt").write_bytes(server.authority.read_bytes())
    return place


def published(server: api_server.ApiServer, account: Path, sample: ScanReport, node: str = NODE) -> str:
    """Run the installed command for one round with a report of now; return what it says."""
    document = json.loads(json_format.render(sample)) | {"started": made.iso(time.time())}
    file = account.parent / "scan.json"
    file.write_text(json.dumps(document))
    words = ["--from", file, "--server", server.url, "--account", account, "--node", node, "--once"]
    command = [DOCTOR, "kubernetes", "publish", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=150)
    return done.stderr.strip()


def conditions(server: api_server.ApiServer) -> dict[str, dict[str, str]]:
    """The node's conditions by type."""
    _, found = server.ask("GET", f"/api/v1/nodes/{NODE}")
    return {one["type"]: one for one in found["status"]["conditions"]}


def test_the_manifests_are_accepted(server: api_server.ApiServer, tmp_path: Path) -> None:
    """A second time nothing changes, with the component, too; one field is younger than this server, and it says so."""
    again = apply(server, built(tmp_path)).splitlines()
    assert len(again) == 7
    assert all(line.endswith(" unchanged") for line in again), again
    assert "daemonset.apps/doctor configured" in apply(server, built(tmp_path, "docker-engine"), "--dry-run=server")
    refused = apply(server, built(tmp_path, known=False), "--dry-run=server", check=False)
    assert refused.count("unknown field") == 1
    assert 'unknown field "appArmorProfile" in io.k8s.api.core.v1.SecurityContext' in refused


def test_the_life_of_a_condition(server: api_server.ApiServer, account: Path) -> None:
    """With the token of the service account and by TLS; those of the kubelet stay, and each change is one event."""
    assert published(server, account, samples.HEALTHY).startswith("ContainerHostProblem is False") is False
    assert conditions(server)["ContainerHostProblem"]["status"] == "False"
    since = conditions(server)["ContainerHostProblem"]["lastTransitionTime"]
    assert "is True (StateNetworkDbCorrupt)" in published(server, account, samples.BROKEN)
    broken = conditions(server)["ContainerHostProblem"]
    assert (broken["status"], broken["reason"]) == ("True", "StateNetworkDbCorrupt")
    assert broken["lastTransitionTime"] >= since
    assert published(server, account, samples.BROKEN) == ""
    assert conditions(server)["ContainerHostProblem"]["lastTransitionTime"] == broken["lastTransitionTime"]
    assert "is False" in published(server, account, samples.HEALTHY)
    assert conditions(server)["Ready"]["status"] == "True"
    _, listed = server.ask("GET", "/api/v1/namespaces/default/events?fieldSelector=source=doctor")
    events = sorted(listed["items"], key=lambda one: str(one["metadata"]["resourceVersion"]))
    assert [(one["type"], one["reason"]) for one in events] == [
        ("Warning", "StateNetworkDbCorrupt"),
        ("Normal", "NoProblemFound"),
    ]
    said = server.kubectl("describe", "node", NODE).stdout
    assert "ContainerHostProblem" in said
    assert "StateNetworkDbCorrupt" in said.partition("Events:")[2]


def test_it_may_do_nothing_else(server: api_server.ApiServer) -> None:
    """As the server lists its rights in each namespace; what everybody may is left out."""
    own = token(server)
    assert api_server.claims(own)["sub"] == "system:serviceaccount:container-doctor:doctor"
    everybody = {("create", "selfsubjectaccessreviews"), ("create", "selfsubjectrulesreviews")}
    events = {("create", "events")}
    for namespace, wanted in (("default", events), ("container-doctor", set()), ("kube-system", set())):
        body = {"spec": {"namespace": namespace}}
        _, found = server.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body, token=own)
        assert not found["status"]["incomplete"]
        rights = {
            (verb, resource)
            for rule in found["status"]["resourceRules"]
            for verb in rule["verbs"]
            for resource in rule["resources"]
        }
        assert rights - everybody == {("patch", "nodes/status"), *wanted}
        assert {verb for rule in found["status"]["nonResourceRules"] for verb in rule["verbs"]} == {"get"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/api/v1/nodes/{NODE}", None),
        ("GET", "/api/v1/nodes", None),
        ("PATCH", f"/api/v1/nodes/{NODE}", {"spec": {"unschedulable": True}}),
        ("DELETE", f"/api/v1/nodes/{NODE}", None),
        ("GET", f"/api/v1/nodes/{NODE}/proxy/metrics", None),
        ("GET", "/api/v1/secrets", None),
        ("GET", "/api/v1/namespaces/default/events", None),
        ("POST", "/api/v1/namespaces/kube-system/events", {}),
        ("POST", "/api/v1/namespaces/container-doctor/pods", {}),
        ("POST", "/api/v1/namespaces/container-doctor/serviceaccounts/doctor/token", {}),
        ("PATCH", "/apis/apps/v1/namespaces/container-doctor/daemonsets/doctor", {}),
        ("PATCH", "/apis/rbac.authorization.k8s.io/v1/clusterroles/container-doctor", {}),
    ],
)
def test_a_stolen_token_is_refused(server: api_server.ApiServer, method: str, path: str, body: Any) -> None:
    status, found = server.ask(method, path, body, token=token(server))
    assert status == 403, found


def test_what_a_patch_of_the_status_can_not_change(server: api_server.ApiServer) -> None:
    """Labels, taints and the mark for the scheduler are not part of it."""
    before = server.ask("GET", f"/api/v1/nodes/{NODE}")[1]
    body = {"spec": {"unschedulable": True, "taints": [{"key": "x", "effect": "NoExecute"}]}, "status": {}}
    status, _ = server.ask("PATCH", f"/api/v1/nodes/{NODE}/status", body, token=token(server))
    after = server.ask("GET", f"/api/v1/nodes/{NODE}")[1]
    assert (status, after["spec"]) == (200, before["spec"])


def test_refusals_have_the_way_out(server: api_server.ApiServer, account: Path) -> None:
    assert "answered 404" in (said := published(server, account, samples.HEALTHY, node="another")), said
    assert "NODE_NAME must be spec.nodeName" in said
    server.kubectl("delete", "clusterrolebinding", "container-doctor")
    try:
        said = published(server, account, samples.HEALTHY)
        assert "answered 403" in said
        assert "apply kubernetes/rbac.yaml" in said
    finally:
        apply(server, built(account.parent))
    (account / "token").write_text("not.a.token")
    api = Api(Server(url=server.url, account=str(account), limit_s=3.0))
    with pytest.raises(KubernetesError, match="answered 401"):
        api.patch_status(NODE, {})
