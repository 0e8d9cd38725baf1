"""The runtime launches an image straight from a real data root, with dockerd dead."""

import json

import pytest

from tests.hosts.box import Box
from tests.hosts.outside import ADDRESS
from tests.live import runtime_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.skipif(bool(kit.why_not()), reason=kit.why_not() or "-")]


def test_an_image_of_docker_s_runs_with_dockerd_dead(box: Box) -> None:
    """Layers of a built image as an overlay, by their full paths and beneath the store; egress through docker0's rules."""
    box.load_images()
    data = json.loads(box.docker("inspect", "app:latest"))[0]["GraphDriver"]["Data"]
    layers = [data["UpperDir"], *data["LowerDir"].split(":")]
    expected = box.docker("run", "--rm", "--entrypoint", "ls", "app:latest", "/").split()
    box.stop_dockerd()
    store = "/var/lib/docker/overlay2"
    containers = [
        {"id": "full", "layers": layers, "command": ["ls", "/"], "memory_bytes": 64 << 20, "pids": 50},
        {
            "id": "beneath",
            "layers_root": store,
            "layers": [layer.removeprefix(f"{store}/") for layer in layers],
            "command": ["ls", "/"],
            "readonly": True,
        },
        {
            "id": "egress",
            "builtin": "tcp-connect",
            "args": {"host": ADDRESS, "port": 9, "timeout_s": 3},
            "net": "bridge",
            "bridge": {"name": "docker0", "address": "172.17.0.99/16", "gateway": "172.17.0.1"},
        },
    ]
    done = box.run([*kit.PROGRAM, "batch"], input=json.dumps({"containers": containers}), check=False)
    results = {result["id"]: result for result in map(json.loads, done.stdout.splitlines())}
    # Docker's own containers have .dockerenv, which the engine makes.
    assert results["full"]["stdout"].split() == [name for name in expected if name != ".dockerenv"], done
    assert results["beneath"]["stdout"] == results["full"]["stdout"]
    assert kit.answer(results["egress"]) == {"ok": False, "errno": 111, "error": "connection refused"}
