"""The manifests: valid by the published schemas, with no more rights than the requests need."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from doctor.reports import npd

from doctor.kubernetes.conditions import parse
from tests.kubernetes import as_docker
from tests.unit.kubernetes import server_kit as kit

PLACE = Path(__file__).parents[3] / "kubernetes"
yaml = pytest.importorskip("yaml", reason="pip install kubernetes-validate")


def documents() -> list[dict[str, Any]]:
    """Every object that the kustomization names."""
    files = yaml.safe_load((PLACE / "kustomization.yaml").read_text())["resources"]
    return [one for file in files for one in yaml.safe_load_all((PLACE / file).read_text())]


DAEMONSET = next(one for one in documents() if one["kind"] == "DaemonSet")
POD = DAEMONSET["spec"]["template"]["spec"]
CONTAINERS = {one["name"]: one for one in POD["containers"]}


@pytest.mark.not_in_one_file("compiled")
@pytest.mark.parametrize("document", documents(), ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_it_is_valid(document: dict[str, Any]) -> None:
    kit.valid(document)


def test_all_that_it_may_do() -> None:
    """As ``test_only_these_requests_are_sent`` has it."""
    rules = {one["kind"]: one["rules"] for one in documents() if "rules" in one}
    assert rules == {
        "ClusterRole": [{"apiGroups": [""], "resources": ["nodes/status"], "verbs": ["patch"]}],
        "Role": [{"apiGroups": [""], "resources": ["events"], "verbs": ["create"]}],
    }
    assert [one["metadata"]["namespace"] for one in documents() if one["kind"] in {"Role", "RoleBinding"}] == [
        "default"
    ] * 2


def test_who_sees_the_host_has_no_token_and_the_other_way_round() -> None:
    mounts = {name: {one["name"]: one for one in container["volumeMounts"]} for name, container in CONTAINERS.items()}
    assert set(mounts["scan"]) == {"host", "reports"}
    assert set(mounts["publish"]) == {"reports", "token"}
    assert mounts["scan"]["host"]["readOnly"]
    # A private copy of the host's mounts would hold volumes of pods that ended: tests/kubernetes/test_image.py.
    assert mounts["scan"]["host"]["mountPropagation"] == "HostToContainer"
    assert mounts["publish"]["reports"]["readOnly"]
    assert POD["automountServiceAccountToken"] is False
    assert not POD.get("hostPID")
    assert not POD.get("hostIPC")


def test_no_container_has_more_than_it_needs() -> None:
    for container in CONTAINERS.values():
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"]["drop"] == ["ALL"]
        assert "privileged" not in context
        assert set(container["resources"]["limits"]) == {"cpu", "memory"}
    assert "add" not in CONTAINERS["publish"]["securityContext"]["capabilities"]
    assert CONTAINERS["publish"]["securityContext"]["runAsNonRoot"]
    # Each is needed: tests/live/kubernetes.
    assert CONTAINERS["scan"]["securityContext"]["capabilities"]["add"] == [
        "SYS_CHROOT",
        "DAC_READ_SEARCH",
        "SYS_PTRACE",
        "NET_ADMIN",
        "SYSLOG",
    ]


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_live_test_has_each_field(name: str) -> None:
    """Its words for docker come from here; a field that is new in the manifest has to be thought about there."""
    node = as_docker.Node("node-1", ("10.0.0.1", 443), "/run/pod")
    assert f"--user={CONTAINERS[name]['securityContext']['runAsUser']}:" in " ".join(as_docker.words(POD, name, node))
    others = [one for one in POD["containers"] if one["name"] != name]
    for changed in (
        POD | {"hostPID": True},
        POD | {"containers": [*others, CONTAINERS[name] | {"lifecycle": {}}]},
    ):
        with pytest.raises(ValueError, match=r"that is unknown here: (hostPID|lifecycle)"):
            as_docker.words(changed, name, node)


def test_every_node_is_scanned() -> None:
    """One with taints is the one in trouble."""
    assert POD["tolerations"] == [{"operator": "Exists"}]


@pytest.mark.parametrize("name", CONTAINERS)
def test_its_command_line_is_accepted(name: str) -> None:
    """Another word would be a crash loop on every node."""
    # --help is parsed with the other options.
    command = [str(Path(sys.executable).with_name("doctor")), *CONTAINERS[name]["args"], "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 0, done.stderr
    words = {word.partition("=")[0] for word in CONTAINERS[name]["args"] if word.startswith("--")}
    assert all(word in done.stdout for word in words)


def test_the_node_problem_detector_accepts_its_configuration() -> None:
    """Its own validation asks this (docs/custom_plugin_monitor.md), and it keeps a condition honest."""
    config = json.loads((PLACE / "node-problem-detector/doctor-monitor.json").read_text())
    top = config["pluginConfig"]
    assert config["plugin"] == "custom"
    # It would begin with False before the first scan.
    assert top["skip_initial_status"] is True
    assert top["max_output_length"] >= npd.LONGEST_BYTES
    assert top["max_output_length"] <= 4096
    seconds = {"2m": 120, "10m": 600}
    (rule,) = config["rules"]
    (default,) = config["conditions"]
    assert seconds[rule["timeout"]] <= seconds[top["timeout"]] < seconds[top["invoke_interval"]]
    assert rule["type"] == "permanent"
    assert rule["condition"] == default["type"] == parse(default["type"]).type
    assert rule["args"] == ["scan", "--format", "npd"]
    # It keeps this reason for Unknown, too.
    assert "NoProblemFound" not in default["reason"]
