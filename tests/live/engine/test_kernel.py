"""The kernel family on a running host: no finding on this kernel, and the findings of an older or poorer one."""

import gzip
import json
from pathlib import Path

import pytest

from tests.hosts.box import Box

pytestmark = pytest.mark.live

LATER = "6.18.90"


def findings(box: Box, *areas: str) -> dict[tuple[str, str], str]:
    """(id, subject) → severity of everything found in the areas."""
    found = json.loads(box.doctor("scan", "--select", ",".join(areas), "--format", "json").stdout)["findings"]
    return {(finding["id"], finding["subject"]["name"]): finding["severity"] for finding in found}


def pretend(box: Box, path: str, content: bytes) -> None:
    """Let the box see other content in a file of the kernel, by a bind mount of its own."""
    name = "/tmp/" + path.strip("/").replace("/", "-")
    box.write(name, content)
    box.run(["mount", "--bind", name, path])


def test_this_kernel_can_run_containers(box: Box) -> None:
    """A dockerd runs here, so no feature may be called missing: the judge is that a container starts."""
    box.load_images()
    assert box.docker("run", "--rm", "bb:1", "echo", "works") == "works"
    loud = {key: level for key, level in findings(box, "kernel", "cgroups", "namespaces").items() if level != "info"}
    assert loud == {}


def test_a_named_hole_of_an_old_kernel(bare_box: Box) -> None:
    """The scan names it and who is exposed, the plan names the way out and changes nothing."""
    box = bare_box
    pretend(box, "/proc/sys/kernel/osrelease", b"5.8.0\n")
    pretend(box, "/proc/version", b"Linux version 5.8.0 (root@builder) #1 SMP\n")
    found = findings(box, "kernel")
    assert found["kernel/vulnerable", "CVE-2022-0847"] == "error"
    # Reachable only by user namespaces, which the default seccomp profile keeps from containers.
    assert found["kernel/vulnerable", "CVE-2024-1086"] == "warning"
    # WATCH_QUEUE is not built in here, so its hole is not.
    assert ("kernel/vulnerable", "CVE-2022-0995") not in found
    assert box.doctor("scan", "--select", "kernel").returncode == 1
    plan = box.doctor("fix", "kernel/vulnerable", "--format", "json")
    print(plan.stdout)
    assert json.loads(plan.stdout)["actions"] == []
    assert "then reboot" in plan.stdout


def test_a_kernel_built_without_overlay(bare_box: Box) -> None:
    """Nothing shows overlay, no module brings it, and the kernel's own configuration says that it was left out."""
    box = bare_box
    pretend(box, "/proc/sys/kernel/osrelease", f"{LATER}\n".encode())
    pretend(box, "/proc/filesystems", b"nodev\tproc\nnodev\tmqueue\n\text4\n")
    config = gzip.decompress(Path("/proc/config.gz").read_bytes()).replace(b"CONFIG_OVERLAY_FS=y", b"# nothing")
    pretend(box, "/proc/config.gz", gzip.compress(config))
    box.run(["sh", "-c", "mkdir -p /tmp/no-modules && mount --bind /tmp/no-modules /sys/module"])
    found = findings(box, "kernel")
    assert found["kernel/feature-missing", "overlay"] == "error"
    assert ("kernel/feature-missing", "veth") not in found


def test_a_limit_of_zero_namespaces(box: Box) -> None:
    """The limit of network namespaces reads 0: the scan says so, the repair sets the kernel's default."""
    before = box.read("/proc/sys/user/max_net_namespaces")
    pretend(box, "/proc/sys/user/max_net_namespaces", b"0\n")
    assert findings(box, "namespaces") == {("namespaces/limit-zero", "user.max_net_namespaces"): "error"}
    fix = box.doctor("fix", "namespaces", "--apply", "--yes")
    assert fix.returncode == 0, fix.stdout + fix.stderr
    assert box.read("/proc/sys/user/max_net_namespaces") == f"{int(box.read('/proc/sys/kernel/threads-max')) // 2}\n"
    assert int(before) > 0


def test_a_resolv_conf_that_is_a_directory(box: Box) -> None:
    """No container starts; the repair takes the directory away, and one does."""
    box.load_images()
    box.run(["sh", "-c", "umount /etc/resolv.conf 2>/dev/null; rm -f /etc/resolv.conf; mkdir /etc/resolv.conf"])
    box.write("/run/NetworkManager/no-stub-resolv.conf", "nameserver 198.51.100.2\n")
    refused = box.run(["docker", "run", "--rm", "bb:1", "true"], check=False)
    assert "is a directory" in refused.stderr
    assert findings(box, "dns") == {("dns/resolv-is-directory", "/etc/resolv.conf"): "critical"}
    fix = box.doctor("fix", "dns", "--apply", "--yes")
    print(fix.stdout, fix.stderr)
    assert fix.returncode == 0
    assert box.docker("run", "--rm", "bb:1", "nslookup", "www.test") != ""
    assert findings(box, "dns") == {}
    assert box.doctor("undo", "--yes").returncode == 0
    assert findings(box, "dns") == {("dns/resolv-is-directory", "/etc/resolv.conf"): "critical"}
