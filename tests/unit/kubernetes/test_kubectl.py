"""Kubernetes' own client judges the patches and the kustomizations; it needs no cluster for that."""

import copy
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from doctor.reports import json as json_format

from doctor.kubernetes import conditions as made
from doctor.kubernetes import report
from tests.unit.kubernetes import server_kit as kit
from tests.unit.reports import samples

PLACE = Path(__file__).parents[3] / "kubernetes"
pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl (Debian's package kubectl)")


def kubectl(*words: str) -> str:
    done = subprocess.run(["kubectl", *words], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def patched(node: dict[str, Any], body: dict[str, Any], place: Path) -> dict[str, Any]:
    """Return the node after a strategic merge patch by Kubernetes' own code."""
    file = place / "node.json"
    file.write_text(json.dumps(node))
    text = kubectl(
        "patch", "--local", "--type=strategic", f"--filename={file}", f"--patch={json.dumps(body)}", "--output=json"
    )
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_patch_changes_one_condition_and_nothing_else(tmp_path: Path) -> None:
    """Those of the kubelet stay, ours is replaced, and the empty patch changes nothing: as the server of the tests has it."""
    with kit.serving() as server:
        before = copy.deepcopy(server.node)
        assert patched(before, {}, tmp_path)["status"]["conditions"] == before["status"]["conditions"]
        for sample in (samples.BROKEN, samples.HEALTHY):
            found = made.wanted(made.parse(made.DEFAULT), report.decode(json_format.render(sample), "x"))
            body = made.patch([found], {}, sample.started)
            theirs = patched(server.node, body, tmp_path)["status"]["conditions"]
            server.merge(body)
            assert {one["type"]: one for one in theirs} == {
                one["type"]: one for one in server.node["status"]["conditions"]
            }
        assert {one["type"]: one["status"] for one in theirs} == {"Ready": "True", made.DEFAULT: "False"}


def test_the_kustomization_is_built() -> None:
    """With the component for Docker's containers and an image of one's own, as docs/kubernetes.md has it."""
    text = kubectl("kustomize", str(PLACE))
    assert text.count("\nkind: ") == 7
    assert "SYS_ADMIN" not in text


def test_the_component_adds_one_right(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml", reason="pip install kubernetes-validate")
    shutil.copytree(PLACE, tmp_path / "kubernetes")
    mine = {
        "resources": ["kubernetes"],
        "components": ["kubernetes/docker-engine"],
        "images": [{"name": "container-doctor", "newName": "registry.example/doctor", "newTag": "0.1.0"}],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(mine))
    built = list(yaml.safe_load_all(kubectl("kustomize", str(tmp_path))))
    (daemonset,) = (one for one in built if one["kind"] == "DaemonSet")
    containers = daemonset["spec"]["template"]["spec"]["containers"]
    assert {one["image"] for one in containers} == {"registry.example/doctor:0.1.0"}
    scan, publish = (one["securityContext"] for one in containers)
    assert scan["capabilities"]["add"][-1] == "SYS_ADMIN"
    assert scan["allowPrivilegeEscalation"] is publish["allowPrivilegeEscalation"] is False
    for one in built:
        kit.valid(one)
    assert {one["metadata"].get("namespace", "") for one in built} == {"", "container-doctor", "default"}
