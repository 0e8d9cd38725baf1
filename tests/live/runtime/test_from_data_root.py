"""The runtime launches an image straight from a real data root, with dockerd dead."""

import json

import pytest

from tests.hosts.box import Box
from tests.hosts.outside import ADDRESS
from tests.live.runtime import runtime_kit as kit

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


TASKS = "/var/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby"


def test_docker_s_own_bundles_run_as_docker_runs_them(box: Box) -> None:
    """The config.json that dockerd writes for a container, with its limits, mounts and rights, carried out by this runtime."""
    box.load_images()
    given = [
        "--memory",
        "64m",
        "--cpus",
        "0.5",
        "--pids-limit",
        "50",
        "--ulimit",
        "nofile=100:200",
        "--tmpfs",
        "/x:size=1m",
    ]
    given += ["-v", "/etc:/e:ro", "--sysctl", "net.ipv4.ip_forward=1", "--user", "1000:1000", "--group-add", "5"]
    given += ["--security-opt", "no-new-privileges", "--hostname", "named", "--oom-score-adj", "77", "--read-only"]
    script = (
        "id; hostname; ulimit -n; grep -E 'Cap|NoNew|Seccomp:' /proc/self/status; cat /proc/sys/net/ipv4/ip_forward; "
        "cat /proc/self/oom_score_adj; grep -E ' /(x|e) ' /proc/self/mountinfo | cut -d' ' -f5,6 | sort; mkdir /new 2>&1; "
        "unshare -U true 2>&1; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null"
    )
    name = box.docker("run", "-d", *given, "--entrypoint", "sleep", "bb:1", "600").strip()
    expected = box.docker("exec", name, "sh", "-c", script)
    box.run(["mkdir", "/tmp/bundle"])
    box.run(["cp", f"{TASKS}/{name}/config.json", "/tmp/bundle/config.json"])
    done = box.run([*kit.PROGRAM, "run", "--bundle", "/tmp/bundle", "--", "sh", "-c", script], check=False)
    assert done.stdout.strip() == expected.strip(), done.stderr
    assert done.stderr.splitlines() == [
        "doctor-runtime: hooks.prestart[0]: Docker's network hook is not run: the container has the network of --net"
    ]


def test_a_layer_that_is_a_link_shows_nothing_of_the_host(box: Box) -> None:
    """`doctor run` on a data root that somebody tampered with; and the environment is nobody's to read."""
    box.load_images()
    data = json.loads(box.docker("inspect", "app:latest"))[0]["GraphDriver"]["Data"]
    box.stop_dockerd()
    run = ("run", "--net", "none", "-e", "SECRET=hush-hush", "app:latest", "sh", "-c")
    plain = box.doctor(*run, 'echo "$SECRET $GREETING"')
    assert plain.stdout == "hush-hush hello\n", plain.stderr
    list_all = 'for each in /proc/[0-9]*/cmdline; do tr "\\n\\0" "  " <$each; echo; done'
    watch = f'"$@" & sleep 2; {list_all} 2>/dev/null; wait'
    lines = box.run(["sh", "-c", watch, "sh", box.doctor_path, *run, "sleep 4"], check=False).stdout.splitlines()
    # The runtime's own: a module of Python, or the one file by its other name.
    seen = "\n".join(line for line in lines if "runtime/__main__.py" in line or line.startswith("doctor-runtime "))
    assert "--env-fd" in seen
    assert "--layers-root /var/lib/docker/overlay2 " in seen
    assert "SECRET" not in seen
    assert "GREETING" not in seen
    diff = data["UpperDir"]
    box.run(["mv", diff, f"{diff}.away"])
    box.run(["ln", "-s", "/", diff])
    done = box.doctor("run", "--net", "none", "app:latest", "cat", "/etc/shadow")
    assert done.returncode == 125
    assert done.stdout == ""
    assert "a link in the path points elsewhere" in done.stderr
