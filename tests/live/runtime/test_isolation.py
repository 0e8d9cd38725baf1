"""The bundled runtime really isolates, limits and reports; no dockerd is needed."""

import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from doctor.runtime.cgroups import devices
from doctor.runtime.plan.container import DEFAULT_CAPS
from doctor.runtime.plan.rights import CAPABILITIES
from tests.clocks import within
from tests.live.runtime import runtime_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.skipif(bool(kit.why_not()), reason=kit.why_not() or "-")]

DEFAULT_MASK = sum(1 << CAPABILITIES.index(name) for name in DEFAULT_CAPS)


def has_v1(controller: str) -> bool:
    return Path(f"/sys/fs/cgroup/{controller}").is_dir() or controller in _v2_controllers()


def _v2_controllers() -> str:
    path = Path("/sys/fs/cgroup/cgroup.controllers")
    return path.read_text() if path.exists() else ""


def test_every_namespace_is_new() -> None:
    """All but the user namespace differ from this process's, and the container sees itself alone."""
    seen = kit.answer(kit.batch({"id": "a", "builtin": "inspect"})["a"])
    for kind in ("mnt", "pid", "uts", "ipc", "net", "cgroup"):
        assert seen["namespaces"][kind] != os.readlink(f"/proc/self/ns/{kind}"), kind
    assert seen["pid"] == 1
    assert seen["processes"] == [1]
    assert seen["interfaces"] == ["lo"]
    assert seen["hostname"] == "a"
    assert seen["root"] == ["dev", "proc", "sys"]
    assert all(line.rpartition(":")[2] == "/" for line in seen["cgroup"] if "memory" in line or "pids" in line)


def test_a_builtin_has_the_same_fourteen_capabilities_as_a_command(root: Path) -> None:
    """Permitted, effective and bounding are Docker's fourteen, inheritable and ambient are empty (CVE-2022-29162)."""
    status = kit.answer(kit.batch({"id": "a", "builtin": "inspect"})["a"])["status"]
    done = kit.run(root, "--", "cat", "/proc/self/status")
    command = dict(line.split(":\t", 1) for line in done.stdout.splitlines() if ":\t" in line)
    for seen in (status, command):
        for name in ("CapPrm", "CapEff", "CapBnd"):
            assert int(seen[name], 16) == DEFAULT_MASK, name
        assert int(seen["CapInh"], 16) == int(seen["CapAmb"], 16) == 0
        assert seen["NoNewPrivs"] == "1"
        assert seen["Seccomp"] == "2"


def test_another_user_has_no_capabilities_and_the_groups_of_the_image(root: Path) -> None:
    done = kit.run("--user", "alice", root, "--", "sh", "-c", "id; echo $HOME; cat /proc/self/status")
    assert "uid=1234(alice) gid=1000 groups=29(audio),50(staff)" in done.stdout
    assert "/home/alice" in done.stdout
    assert "CapEff:\t0000000000000000" in done.stdout


def test_dropped_capabilities_are_gone(root: Path) -> None:
    done = kit.run("--cap-drop", "ALL", "--cap-add", "chown", root, "--", "cat", "/proc/self/status")
    assert "CapBnd:\t0000000000000001" in done.stdout


def test_seccomp_refuses_what_docker_refuses() -> None:
    """A user namespace, keyrings, bpf and vsock: refused by the filter, let through without it (but for capabilities)."""
    with_filter, without = kit.batch(
        {"id": "with", "builtin": "inspect"}, {"id": "without", "builtin": "inspect", "seccomp": False}
    ).values()
    assert kit.answer(with_filter)["refused"] == {"unshare": 1, "keyctl": 1, "bpf": 1, "socket": 1}
    assert kit.answer(without)["refused"]["unshare"] == 0


def test_mounting_is_refused(root: Path) -> None:
    done = kit.run(root, "--", "mount", "-t", "tmpfs", "x", "/tmp")
    assert done.returncode != 0
    assert "ermission denied" in done.stderr or "not permitted" in done.stderr


@pytest.mark.skipif(not has_v1("memory"), reason="no memory controller")
def test_the_memory_limit_kills() -> None:
    result = kit.batch(
        {"id": "a", "builtin": "memory-eat", "args": {"bytes": 256 << 20}, "memory_bytes": 32 << 20},
        {"id": "b", "builtin": "memory-eat", "args": {"bytes": 4 << 20}, "memory_bytes": 64 << 20},
    )
    assert (result["a"]["exit"], result["a"]["signal"], result["a"]["oom_killed"]) == (137, 9, True)
    assert (result["b"]["exit"], result["b"]["oom_killed"]) == (0, False)


@pytest.mark.skipif(not has_v1("pids"), reason="no pids controller")
def test_the_process_limit_holds() -> None:
    seen = kit.answer(kit.batch({"id": "a", "builtin": "fork-many", "args": {"count": 50}, "pids": 8})["a"])
    assert seen["made"] == 7
    assert seen["errno"] == 11


@pytest.mark.skipif(not has_v1("cpu"), reason="no cpu controller")
def test_the_cpu_limit_holds() -> None:
    seen = kit.answer(kit.batch({"id": "a", "builtin": "cpu-burn", "args": {"seconds": 1}, "cpus": 0.2})["a"])
    assert seen["cpu_s"] < 0.45


def test_a_limit_that_can_not_be_set_is_an_error() -> None:
    """Without a cgroup mount, limits are refused rather than silently dropped, and device nodes lose their power."""
    hide = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /sys/fs/cgroup; exec "$@"', "sh")
    results = kit.batch(
        {"id": "limited", "builtin": "print", "memory_bytes": 32 << 20},
        {"id": "plain", "builtin": "inspect"},
        prefix=hide,
    )
    assert results["limited"]["exit"] == 125
    assert "memory" in results["limited"]["error"]
    assert int(kit.answer(results["plain"])["status"]["CapBnd"], 16) == DEFAULT_MASK & ~(
        1 << CAPABILITIES.index("MKNOD")
    )


def test_device_rules_of_cgroup_version_2_hold(tmp_path: Path) -> None:
    """The eBPF program passes the kernel's verifier and refuses the kernel's log, on a real v2 hierarchy."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    mounts = [line.split()[4] for line in lines if " - cgroup2 " in line]
    if not mounts:
        pytest.skip("no cgroup v2 hierarchy is mounted")
    group = Path(mounts[0]) / f"doctor-test-{os.getpid()}"
    node = tmp_path / "kmsg"
    os.mknod(node, stat.S_IFCHR | 0o600, os.makedev(1, 11))
    group.mkdir()
    try:
        script = f"echo $$ > {group}/cgroup.procs; cat /dev/null && exec 5< {node}"
        before = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
        assert before.returncode == 0, "the log can't be opened here at all: the test would prove nothing"
        devices.attach_v2(str(group))
        after = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    finally:
        group.rmdir()
    assert after.returncode != 0
    assert "kmsg: Operation not permitted" in after.stderr


def test_rlimits_are_set(root: Path) -> None:
    done = kit.run("--ulimit", "nofile=123:456", root, "--", "sh", "-c", "ulimit -n; ulimit -Hn")
    assert done.stdout.split() == ["123", "456"]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 7"], 7),
        (["nosuch"], 127),
        (["/nosuch"], 127),
        (["/etc/passwd"], 126),
        (["/tmp"], 126),
        (["/etc/script"], 127),
        (["/etc/text"], 126),
    ],
)
def test_exit_codes_are_those_of_docker(root: Path, command: list[str], code: int) -> None:
    for name, text in (("script", "#!/nosuch\n"), ("text", "\x01no program")):
        (root / "etc" / name).write_text(text)
        (root / "etc" / name).chmod(0o755)
    done = kit.run(root, "--", *command)
    assert done.returncode == code, done.stderr


def test_the_time_limit_kills(root: Path) -> None:
    result = kit.batch({"id": "a", "rootfs": str(root), "command": ["sleep", "30"], "timeout_s": 0.3})["a"]
    assert (result["exit"], result["signal"], result["timed_out"]) == (137, 9, True)
    assert "0.3 s" in result["error"]


def test_wrong_usage_is_one_line_and_2(root: Path) -> None:
    for arguments in (["--memory", "many", root, "--", "true"], ["--nosuch", "1", root, "--", "true"], []):
        done = kit.run(*arguments)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1


def test_output_is_kept_up_to_its_limit_and_drained(root: Path) -> None:
    result = kit.batch(
        {"id": "a", "builtin": "print", "args": {"text": "x" * 1000, "repeat": 3000}, "output_bytes": 5000}
    )["a"]
    assert len(result["stdout"]) == 5000
    assert result["dropped_bytes"] == 3_000_000 - 5000
    assert result["exit"] == 0


def test_environment_directory_and_files(root: Path) -> None:
    done = kit.run(
        *("-e", "A=b c", "-w", "/new/place", "--hostname", "box", "--file", "/etc/resolv.conf=nameserver 192.0.2.1\n"),
        *(root, "--", "sh", "-c", "echo $A:$HOSTNAME:$HOME; pwd; cat /etc/resolv.conf; echo x > /etc/resolv.conf"),
    )
    assert done.stdout == "b c:box:/root\n/new/place\nnameserver 192.0.2.1\n"
    assert "ead-only" in done.stderr


def test_volumes_are_bound_and_read_only_if_asked(root: Path, tmp_path: Path) -> None:
    data = tmp_path / "data: a,b"
    data.mkdir()
    (data / "seen").write_text("yes")
    spec = {"rootfs": str(root), "command": ["sh", "-c", "cat /v/seen; echo x > /v/new"]}
    volume = {"source": str(data), "target": "/v"}
    first = kit.batch({"id": "rw", **spec, "volumes": [volume]})["rw"]
    assert (first["exit"], (data / "new").read_text()) == (0, "x\n")
    second = kit.batch({"id": "ro", **spec, "volumes": [volume | {"readonly": True}]})["ro"]
    assert second["stdout"] == "yes"
    assert second["exit"] != 0


def test_overlay_of_layers_with_hostile_names(root: Path, tmp_path: Path) -> None:
    """Three layers, one with ':' and ',' in its name; what is written vanishes, or stays in the given upper."""
    top = tmp_path / "a:b,c=d"
    (top / "etc").mkdir(parents=True)
    (top / "etc" / "passwd").write_text("top\n")
    layers = [str(top), str(tmp_path / "empty"), str(root)]
    (tmp_path / "empty").mkdir()
    command = ["sh", "-c", "cat /etc/passwd; echo new > /etc/new; cat /etc/group"]
    result = kit.batch({"id": "a", "layers": layers, "command": command})["a"]
    assert result["stdout"].startswith("top\nroot:x:0:")
    assert not any((Path(layer) / "etc" / "new").exists() for layer in layers)


def test_two_hundred_layers(root: Path, tmp_path: Path) -> None:
    """Far more than a page of mount options with full paths would take."""
    layers = []
    for number in range(200):
        layer = tmp_path / f"layer-{'x' * 100}-{number}"
        layer.mkdir()
        (layer / f"file{number}").touch()
        layers.append(str(layer))
    result = kit.batch({"id": "a", "layers": [*layers, str(root)], "command": ["ls", "/"]})["a"]
    assert result["stdout"].count("file") == 200


def test_upper_and_work_keep_what_is_written(root: Path, tmp_path: Path) -> None:
    upper, work = tmp_path / "upper", tmp_path / "work"
    upper.mkdir()
    work.mkdir()
    result = kit.batch(
        {
            "id": "a",
            "layers": [str(root)],
            "upper": str(upper),
            "work": str(work),
            "builtin": "overlay-check",
            "args": {"hide": ["/etc", "/bin/ls"], "change": ["/etc/group"]},
        }
    )["a"]
    assert kit.answer(result)["ok"], result
    status = (upper / "bin" / "ls").lstat()
    assert os.major(status.st_rdev) == os.minor(status.st_rdev) == 0
    assert os.getxattr(upper / "etc", "trusted.overlay.opaque") == b"y"


def test_a_read_only_root(root: Path) -> None:
    done = kit.run("--readonly", root, "--", "sh", "-c", "echo x > /new; echo y > /dev/shm/z && cat /dev/shm/z")
    assert "ead-only" in done.stderr
    assert done.stdout == "y\n"


def test_a_terminal(root: Path) -> None:
    """With -t the command has a terminal of its own devpts, also as /dev/console."""
    script = f"{' '.join(kit.PROGRAM)} run -it {root} -- sh -c 'test -t 0 && stat -c %t /dev/console && exit 3'"
    done = subprocess.run(["script", "-qec", script, "/dev/null"], capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stdout
    assert "88" in done.stdout


def test_parallel_containers_overlap() -> None:
    """One after the other they would take four seconds."""
    orders = [{"id": f"c{n}", "builtin": "sleep", "args": {"seconds": 1}} for n in range(4)]
    results = within(3.8, lambda: kit.batch(*orders, parallel=4), clock=time.monotonic)
    assert all(result["exit"] == 0 for result in results.values())


def test_signals_are_passed_on(root: Path) -> None:
    argv = [
        *kit.PROGRAM,
        "run",
        str(root),
        "--",
        "sh",
        "-c",
        "trap 'exit 9' TERM; echo up; while :; do sleep 0.1; done",
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 9
