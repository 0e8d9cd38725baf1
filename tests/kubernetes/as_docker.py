"""A pod's containers as ``docker run`` starts them: what the kubelet would ask of its engine, read from the manifest.

Every field must be known here: one that is new in the manifest fails, so that the two can't drift apart.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

IGNORED = {
    # For the scheduler, the kubelet or the API server alone.
    "pod": {
        "serviceAccountName",
        "automountServiceAccountToken",
        "dnsPolicy",
        "enableServiceLinks",
        "terminationGracePeriodSeconds",
        "nodeSelector",
        "tolerations",
    },
    "container": {"name"},
}
_UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


class Node(NamedTuple):
    """Things that the kubelet adds: the node's name, the API server's address, and where the volumes are on the node."""

    name: str
    server: tuple[str, int]
    volumes: str


class Volume(NamedTuple):
    """A volume: its path on the node, the size of one in memory, and the files of a projected one with their mode."""

    path: str
    memory: int = 0
    files: tuple[str, ...] = ()
    mode: int = 0
    group: int = 0


def volumes(pod: dict[str, Any], node: Node) -> dict[str, Volume]:
    """Return the pod's volumes by name."""
    group = pod["securityContext"]["fsGroup"]
    found = {}
    for one in pod["volumes"]:
        name, rest = one["name"], {key: value for key, value in one.items() if key != "name"}
        place = f"{node.volumes}/{name}"
        match rest:
            case {"hostPath": {"path": str(path), "type": "Directory", **others}} if not others:
                found[name] = Volume(path)
            case {"emptyDir": {"medium": "Memory", "sizeLimit": str(size), **others}} if not others:
                found[name] = Volume(place, memory=_bytes(size), group=group)
            case {"projected": {"defaultMode": int(mode), "sources": list(sources), **others}} if not others:
                files = tuple(path for source in sources for path in _projected(source))
                found[name] = Volume(place, files=files, mode=mode, group=group)
            case _:
                raise ValueError(f"a volume that is unknown here: {one}")
    return found


def _projected(source: dict[str, Any]) -> Iterator[str]:
    match source:
        case {"serviceAccountToken": {"path": str(path)}}:
            yield path
        case {"configMap": {"items": list(items)}}:
            yield from (item["path"] for item in items)
        case _:
            raise ValueError(f"a source that is unknown here: {source}")


def words(pod: dict[str, Any], name: str, node: Node) -> list[str]:
    """Return the words after ``docker run`` for the container of that name."""
    container = next(one for one in pod["containers"] if one["name"] == name)
    found = [word for key, value in sorted(pod.items()) for word in _pod_word(key, value)]
    placed = volumes(pod, node)
    tail: list[str] = []
    for key, value in sorted(container.items()):
        if key == "image":
            tail.insert(0, value)
        elif key == "args":
            tail += value
        elif key == "command":
            # docker's --entrypoint takes one word.
            (program,) = value
            found.append(f"--entrypoint={program}")
        elif key == "env":
            found += [f"--env={one['name']}={_field(one['valueFrom'], node)}" for one in value]
        elif key == "resources":
            found += _limits(value)
        elif key == "securityContext":
            found += [word for name_, setting in sorted(value.items()) for word in _security(name_, setting, value)]
        elif key == "volumeMounts":
            found += [_mount(one, placed[one["name"]].path) for one in value]
        elif key not in IGNORED["container"]:
            raise ValueError(f"a field of a container that is unknown here: {key}")
    host, port = node.server
    found += [f"--env=KUBERNETES_SERVICE_HOST={host}", f"--env=KUBERNETES_SERVICE_PORT={port}"]
    return found + tail


def _pod_word(key: str, value: Any) -> list[str]:
    if key == "hostNetwork":
        return ["--network=host"] if value else []
    if key == "securityContext":
        assert set(value) == {"fsGroup", "seccompProfile"}
        assert value["seccompProfile"] == {"type": "RuntimeDefault"}
        return [f"--group-add={value['fsGroup']}", "--security-opt=seccomp=builtin"]
    if key in {"containers", "volumes"} or key in IGNORED["pod"]:
        return []
    raise ValueError(f"a field of a pod that is unknown here: {key}")


def _security(key: str, value: Any, context: dict[str, Any]) -> list[str]:
    rules: dict[str, Callable[[], list[str]]] = {
        "runAsUser": lambda: [f"--user={value}:{context['runAsGroup']}"],
        "runAsGroup": list,
        "readOnlyRootFilesystem": lambda: ["--read-only"] if value else [],
        "allowPrivilegeEscalation": lambda: [] if value else ["--security-opt=no-new-privileges"],
        "appArmorProfile": lambda: [f"--security-opt=apparmor={value['type'].lower()}"],
        "capabilities": lambda: (
            [f"--cap-drop={one}" for one in value["drop"]] + [f"--cap-add={one}" for one in value.get("add", ())]
        ),
    }
    if key == "runAsNonRoot":
        assert not value or context["runAsUser"] != 0
        return []
    return rules[key]()


def _limits(value: dict[str, Any]) -> list[str]:
    limits = dict(value["limits"])
    cpu = str(limits.pop("cpu"))
    cpus = int(cpu[:-1]) / 1000 if cpu.endswith("m") else float(cpu)
    memory = _bytes(limits.pop("memory"))
    assert not limits
    return [f"--cpus={cpus:g}", f"--memory={memory}"]


def _mount(one: dict[str, Any], source: str) -> str:
    assert set(one) <= {"name", "mountPath", "readOnly", "mountPropagation"}, one
    propagation = {"None": "rprivate", "HostToContainer": "rslave"}[one.get("mountPropagation", "None")]
    word = f"--mount=type=bind,source={source},target={one['mountPath']},bind-propagation={propagation}"
    # containerd makes the top alone read-only, and not what is mounted below.
    return f"{word},readonly,bind-recursive=writable" if one.get("readOnly") else word


def _field(source: dict[str, Any], node: Node) -> str:
    assert source["fieldRef"]["fieldPath"] == "spec.nodeName"
    return node.name


def _bytes(text: str) -> int:
    found = re.fullmatch(r"([0-9]+)([KMG]i)", text)
    assert found, text
    return int(found[1]) * _UNITS[found[2]]
