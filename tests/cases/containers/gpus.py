"""Cases of a container, ``web``, with a GPU. There is no GPU here: device nodes and versions are those of a real host's files."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.cases import roots
from tests.cases.containers.should_run import INFO, RUNS, answer, web, with_runtime_state
from tests.cases.containers.stories import stopped
from tests.cases.recipe import Recipe
from tests.cases.roots import Tree

case = partial(Recipe, area="containers", parts=("image", "container", "network"), fix="manual")
ALL = {"Driver": "", "Count": -1, "DeviceIDs": None, "Capabilities": [["gpu"]], "Options": {}}
ZERO = {"Driver": "cdi", "Count": 0, "DeviceIDs": ["nvidia.com/gpu=0"], "Capabilities": None, "Options": None}
RULE = "etc/udev/rules.d/71-nvidia-dev-char.rules"
OWN = b'ACTION=="add", KERNEL=="nvidia", RUN+="/opt/bin/nvidia-ctk system create-dev-char-symlinks --create-all"\n'
LIBRARY = "usr/lib/x86_64-linux-gnu/libnvidia-ml.so.{}"
SPEC = """---
cdiVersion: 0.5.0
kind: nvidia.com/gpu
containerEdits:
  deviceNodes:
  - path: /dev/nvidiactl
  mounts:
  - containerPath: /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.550.54.14
    hostPath: /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.550.54.14
    options: [ro, nosuid, nodev, bind]
devices:
- containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
  name: "0"
"""
NODES = (
    {"path": "/dev/nvidia0", "type": "char", "device": [195, 0]},
    {"path": "/dev/nvidiactl", "type": "char", "device": [195, 255]},
)


def gpu(
    request: dict[str, Any], *, loaded: str = "", library: str = "", more: dict[str, str] | None = None
) -> Callable[[Tree], None]:
    """A stopped container that asks for a GPU, and what the host has of the driver."""

    def change(tree: Tree) -> None:
        stopped(DeviceRequests=[request])(tree)
        has(tree, loaded, library)
        for path, content in (more or {}).items():
            tree.put(path, content)

    return change


def has(tree: Tree, loaded: str, library: str) -> None:
    """The versions of the loaded module and of the libraries."""
    if loaded:
        tree.put("sys/module/nvidia/version", f"{loaded}\n")
    if library:
        tree.put(LIBRARY.format(library))


def running(tree: Tree) -> None:
    """The container runs with a GPU by the hook."""
    with_runtime_state(web(RUNS))(tree)
    roots.put_container(
        tree,
        "web",
        roots.config_of("web", roots.WEB) | {"State": {"Running": True, "Pid": 4242, "StartedAt": roots.CREATED}},
        roots.host_config(DeviceRequests=[ALL]),
    )
    has(tree, "550.54.14", "550.54.14")
    tree.put("usr/bin/nvidia-container-runtime-hook", "#!/bin/sh\n")
    tree.put("usr/bin/nvidia-ctk", "#!/bin/sh\n")


def with_rule(tree: Tree) -> None:
    """The same, with a rule of the administrator in the file that NVIDIA's guide names."""
    running(tree)
    tree.put(RULE, OWN)


def info(driver: str) -> str:
    """The engine's cgroup driver."""
    return answer("/info", json.dumps(json.loads(INFO) | {"CgroupDriver": driver}))


HOOK = {"usr/bin/nvidia-container-runtime-hook": "#!/bin/sh\n"}
CASES = (
    case(
        problem="gpu-unusable",
        name="no-toolkit",
        about="the toolkit was removed with a distribution upgrade",
        change=gpu(ALL, loaded="550.54.14", library="550.54.14"),
        answers="live = true\n",
        findings=(("gpu-unusable", "program", "nvidia-container-runtime-hook"),),
    ),
    case(
        problem="gpu-unusable",
        name="not-loaded",
        about="the kernel was upgraded, and the module was not built for it",
        change=gpu(ALL, library="550.54.14", more=HOOK),
        answers="live = true\n",
        findings=(("gpu-unusable", "module", "nvidia"),),
    ),
    case(
        problem="gpu-unusable",
        name="mismatch",
        about="the driver was upgraded under a running system",
        change=gpu(ALL, loaded="535.183.01", library="550.54.14", more=HOOK),
        answers="live = true\n",
        findings=(("gpu-unusable", "module", "nvidia"),),
    ),
    case(
        problem="gpu-unusable",
        name="healthy",
        about="toolkit, module and libraries fit",
        change=gpu(ALL, loaded="550.54.14", library="550.54.14", more=HOOK),
        answers="live = true\n",
    ),
    case(
        problem="cdi-spec-stale",
        name="upgraded",
        about="the driver was upgraded, and the specification is from before",
        change=gpu(ZERO, loaded="550.90.07", library="550.90.07", more={"etc/cdi/nvidia.yaml": SPEC}),
        answers="live = true\n",
        files=NODES,
        findings=(("cdi-spec-stale", "file", "/etc/cdi/nvidia.yaml"),),
    ),
    case(
        problem="cdi-spec-stale",
        name="card-removed",
        about="a card was removed",
        change=gpu(ZERO, loaded="550.54.14", library="550.54.14", more={"etc/cdi/nvidia.yaml": SPEC}),
        answers="live = true\n",
        files=NODES[1:],
        findings=(("cdi-spec-stale", "file", "/etc/cdi/nvidia.yaml"),),
    ),
    case(
        problem="cdi-spec-stale",
        name="healthy",
        about="the specification fits",
        change=gpu(ZERO, loaded="550.54.14", library="550.54.14", more={"etc/cdi/nvidia.yaml": SPEC}),
        answers="live = true\n",
        files=NODES,
    ),
    case(
        problem="cdi-device-missing",
        name="never-generated",
        about="a container was moved here from a host with a specification",
        change=gpu(ZERO, loaded="550.54.14", library="550.54.14"),
        answers="live = true\n",
        findings=(("cdi-device-missing", "device", "nvidia.com/gpu=0"),),
    ),
    case(
        problem="cdi-device-missing",
        name="healthy",
        about="the specification has the device, in JSON",
        change=gpu(
            ZERO,
            loaded="550.54.14",
            library="550.54.14",
            more={
                "var/run/cdi/x.json": '{"cdiVersion":"0.5.0","kind":"nvidia.com/gpu","devices":[{"name":"0","containerEdits":{}}]}'
            },
        ),
        answers="live = true\n",
    ),
    case(
        problem="gpu-lost-on-reload",
        name="no-links",
        about="the driver's nodes have no links by their number",
        change=running,
        answers=info("systemd"),
        files=NODES,
        findings=(("gpu-lost-on-reload", "directory", "/dev/char"),),
        fix="resolved",
    ),
    case(
        problem="gpu-lost-on-reload",
        name="own-rule",
        about="an administrator's rule has other options, and it did not run yet",
        change=with_rule,
        answers=info("systemd"),
        files=NODES,
        findings=(("gpu-lost-on-reload", "directory", "/dev/char"),),
        fix="resolved",
        after={RULE: OWN},
    ),
    case(
        problem="gpu-lost-on-reload",
        name="healthy-cgroupfs",
        about="with cgroupfs, systemd does not know the container",
        change=running,
        answers=info("cgroupfs"),
        files=NODES,
    ),
)
