"""The scan of kubernetes/daemonset.yaml, in a container as the kubelet would start it: read-only, with few rights."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from doctor.kubernetes import conditions, report
from tests.hosts.box import Box
from tests.hosts.sandbox import CHECKOUT

pytestmark = pytest.mark.live

ALL = conditions.ConditionRule(conditions.DEFAULT)
# The host's root below /mnt, read-only at each mount; a PID namespace and a /proc of the container's own.
POD = """set -e
mount -t tmpfs none /tmp
mount --rbind / /mnt
mount --make-rslave /mnt
mount -o remount,bind,ro=recursive /mnt
mount -t proc proc /proc
! touch /mnt/root/x /mnt/var/lib/docker/x 2>/tmp/refused || exit 99
setpriv --bounding-set={bounding} --inh-caps=-all --no-new-privs \
    {doctor} kubernetes scan --host-root /mnt --to /tmp/scan.json --once {options} >&2
cat /tmp/scan.json
"""


def capabilities() -> list[str]:
    """Those that the manifest adds to the scanning container."""
    yaml = pytest.importorskip("yaml", reason="pip install kubernetes-validate")
    manifest = yaml.safe_load((CHECKOUT / "kubernetes/daemonset.yaml").read_text())
    scan = manifest["spec"]["template"]["spec"]["containers"][0]
    return [name.lower() for name in scan["securityContext"]["capabilities"]["add"]]


def scanned(box: Box, names: list[str], *, options: str = "") -> dict[str, Any]:
    """Scan in a container with these capabilities and return the report."""
    bounding = ",".join(["-all", *(f"+{name}" for name in names)])
    script = POD.format(bounding=bounding, doctor=shlex.quote(box.doctor_path), options=options)
    done = box.run(["unshare", "--mount", "--pid", "--fork", "sh", "-c", script])
    assert "wrote /tmp/scan.json" in done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def outcomes(document: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    return {one["id"]: (one["outcome"], one["incomplete"]) for one in document["outcomes"]}


def condition(document: dict[str, Any]) -> conditions.NodeCondition:
    return conditions.wanted(ALL, report.decode(json.dumps(document).encode(), "x"))


def test_a_pod_sees_the_host_as_it_is(patient_box: Box) -> None:
    """Each outcome is that of a scan on the host itself, nothing is written there, and less right is never less doubt."""
    box = patient_box
    box.doctor("scan")
    own = json.loads(box.doctor("scan", "--format", "json").stdout)
    before = sorted(path.name for path in (box.workdir / "doctor").rglob("*"))
    rights = capabilities()

    pod = scanned(box, [*rights, "sys_admin"])
    assert outcomes(pod) == outcomes(own)
    assert pod["host"]["name"] == own["host"]["name"]
    assert condition(pod).status == "False"

    # Containers of Docker run here, and their network namespaces can't be entered: docker-engine/kustomization.yaml.
    plain = scanned(box, rights)
    assert condition(plain).status == "Unknown"
    assert {one["id"].partition("/")[0] for one in plain["outcomes"] if one["incomplete"]} <= {
        "network",
        "firewall",
        "dns",
        "containers",
    }
    for left_out in ("net_admin", "sys_ptrace"):
        less = scanned(box, [name for name in rights if name != left_out])
        assert condition(less).status == "Unknown", left_out

    box.write("/proc/sys/net/ipv4/ip_forward", "0\n")
    broken = condition(scanned(box, rights, options="--select network,storage"))
    assert (broken.status, broken.reason) == ("True", "NetworkIpForwardOff")
    assert sorted(path.name for path in (box.workdir / "doctor").rglob("*")) == before


def test_what_a_pod_lacks_is_named(bare_box: Box) -> None:
    done = bare_box.run(
        [
            "setpriv",
            "--bounding-set=-sys_chroot",
            bare_box.doctor_path,
            "kubernetes",
            "scan",
            "--host-root",
            "/mnt",
            "--to",
            "/tmp/x",
            "--once",
        ],
        check=False,
    )
    assert done.returncode == 3
    assert "run as root with the capability SYS_CHROOT" in done.stderr
    assert not Path(bare_box.path("/tmp/x")).exists()
