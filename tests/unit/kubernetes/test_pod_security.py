"""The rules of the Pod Security Standards, each written out: which the pod breaks, and that it breaks no other.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="pip install kubernetes-validate")
PLACE = Path(__file__).parents[3] / "kubernetes"
POD = yaml.safe_load((PLACE / "daemonset.yaml").read_text())["spec"]["template"]["spec"]
BASELINE_CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
RESTRICTED_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected"}
Rule = Callable[[dict[str, Any], dict[str, Any]], bool]
"""Whether a container of a pod obeys."""


def context(pod: dict[str, Any], container: dict[str, Any], name: str) -> Any:
    """A setting of the container, else of the pod."""
    return container.get("securityContext", {}).get(name, pod.get("securityContext", {}).get(name))


def capabilities(container: dict[str, Any], kind: str) -> set[str]:
    return set(container.get("securityContext", {}).get("capabilities", {}).get(kind, ()))


def volumes(pod: dict[str, Any], container: dict[str, Any]) -> set[str]:
    """Kinds of the volumes that the container mounts."""
    mounted = {one["name"] for one in container["volumeMounts"]}
    return {kind for one in pod["volumes"] if one["name"] in mounted for kind in one if kind != "name"}


BASELINE: dict[str, Rule] = {
    "no host network": lambda pod, _: not pod.get("hostNetwork"),
    "no host PID or IPC": lambda pod, _: not pod.get("hostPID") and not pod.get("hostIPC"),
    "not privileged": lambda pod, one: not context(pod, one, "privileged"),
    "usual capabilities": lambda _, one: capabilities(one, "add") <= BASELINE_CAPABILITIES,
    "no host path": lambda pod, one: "hostPath" not in volumes(pod, one),
    "no host port": lambda _, one: not any(port.get("hostPort") for port in one.get("ports", ())),
    "AppArmor": lambda pod, one: (context(pod, one, "appArmorProfile") or {}).get("type") != "Unconfined",
    "SELinux": lambda pod, one: not context(pod, one, "seLinuxOptions"),
    "default /proc": lambda pod, one: context(pod, one, "procMount") in {None, "Default"},
    "seccomp": lambda pod, one: (context(pod, one, "seccompProfile") or {}).get("type") != "Unconfined",
    "no sysctls": lambda pod, _: not pod.get("securityContext", {}).get("sysctls"),
}
RESTRICTED: dict[str, Rule] = {
    "volumes": lambda pod, one: volumes(pod, one) <= RESTRICTED_VOLUMES,
    "no gain of rights": lambda pod, one: context(pod, one, "allowPrivilegeEscalation") is False,
    "not root": lambda pod, one: context(pod, one, "runAsNonRoot") is True and context(pod, one, "runAsUser") != 0,
    "seccomp chosen": lambda pod, one: (context(pod, one, "seccompProfile") or {}).get("type") == "RuntimeDefault",
    "drops all": lambda _, one: "ALL" in capabilities(one, "drop"),
    "adds none": lambda _, one: capabilities(one, "add") <= {"NET_BIND_SERVICE"},
}
BEYOND: dict[str, Rule] = {
    "root file system is read-only": lambda pod, one: context(pod, one, "readOnlyRootFilesystem") is True,
    "limits": lambda _, one: set(one["resources"]["limits"]) == {"cpu", "memory"},
    "requests": lambda _, one: set(one["resources"]["requests"]) == {"cpu", "memory"},
    "no token by default": lambda pod, _: pod["automountServiceAccountToken"] is False,
    "an account of its own": lambda pod, _: pod["serviceAccountName"] not in {"", "default"},
    "no other services in its environment": lambda pod, _: pod["enableServiceLinks"] is False,
    "no socket of an engine": lambda pod, _: not any("sock" in str(one.get("hostPath")) for one in pod["volumes"]),
    "no shared processes": lambda pod, _: not pod.get("shareProcessNamespace"),
    "mounts do not reach the host": lambda _, one: all(
        mount.get("mountPropagation") != "Bidirectional" for mount in one["volumeMounts"]
    ),
}


def broken(rules: dict[str, Rule], name: str) -> list[str]:
    container = next(one for one in POD["containers"] if one["name"] == name)
    return [rule for rule, obeys in rules.items() if not obeys(POD, container)]


def test_what_publishes_is_restricted_but_for_the_network_of_the_pod() -> None:
    """The network namespace is the pod's, and so that of both."""
    assert broken(BASELINE, "publish") == ["no host network"]
    assert broken(RESTRICTED, "publish") == []


def test_what_scans_breaks_only_what_sees_the_host() -> None:
    assert broken(BASELINE, "scan") == ["no host network", "usual capabilities", "no host path", "AppArmor"]
    assert broken(RESTRICTED, "scan") == ["volumes", "not root", "adds none"]


@pytest.mark.parametrize("name", ["scan", "publish"])
def test_rules_beyond_the_standards(name: str) -> None:
    assert broken(BEYOND, name) == []


def test_the_namespace_allows_no_more_than_it_must() -> None:
    """Baseline would refuse the pod; the label is on the namespace that holds nothing else."""
    namespace = yaml.safe_load((PLACE / "namespace.yaml").read_text())
    assert namespace["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "privileged"}
