"""The engine and kubelet use different cgroup drivers."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, Why, check
from doctor.engines.containerd import places
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containerd.config import ContainerdConfig
from doctor.facts.engine.state import EngineInfo
from doctor.facts.engine.vulnerabilities import Components
from doctor.facts.host.kubernetes import Kubelet
from doctor.facts.kernel.cgroups import Cgroups
from doctor.facts.kernel.details import KubeletDriver

_KEY = "native.cgroupdriver="


@check(
    severity=Severity.ERROR,
    detail=KubeletDriver,
    ok="the engine and kubelet use the same cgroup driver",
    messages=(
        Message(
            pattern=r"kubelet cgroup driver: \S+ is different from docker cgroup driver: \S+|misconfiguration: kubelet cgroup driver",
            example='failed to run Kubelet: misconfiguration: kubelet cgroup driver: "systemd" is different from docker cgroup driver: "cgroupfs"',
            means="the kubelet and the engine use different cgroup drivers",
            do="set both to systemd (native.cgroupdriver=systemd, or SystemdCgroup = true in containerd's config)",
        ),
        Message(
            pattern=r"expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got \"[^\"]*\" instead",
            example='runc create failed: expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "/kubepods/burstable/pod1/2" instead: unknown',
            means="the runtime uses systemd's cgroup driver, and who starts the container uses cgroupfs",
            do="set cgroupDriver: systemd in /var/lib/kubelet/config.yaml and restart the kubelet, or SystemdCgroup = false in containerd's config",
        ),
    ),
)
def driver_mismatch(  # noqa: PLR0917 - facts
    kubelet: Kubelet,
    engine: EngineConfig | Missing,
    info: EngineInfo | Missing,
    cgroups: Cgroups | Missing,
    containerd: ContainerdConfig | Missing,
    components: Components | Missing,
) -> Iterator[Finding]:
    """The kubelet and its runtime use different cgroup drivers, so kubelet or pods don't start or the node becomes unstable.

    What it looks at:
        cgroupDriver in kubelet's configuration, and the driver of what runs its containers. Of the engine: native.cgroupdriver in
        exec-opts, else the driver that the engine reports, else its default (cgroupfs on v1). Of containerd: SystemdCgroup of the
        runtime runc in the only settings file with a table of the CRI plugin, false by default, up to 1.7: the kubelet asks a later
        one. The check applies only if
        kubelet's configuration sets a driver.

    Why it matters:
        With dockerd up to version 1.23, kubelet exits with "kubelet cgroup driver: systemd is different from docker cgroup driver:
        cgroupfs". Later versions start pods, and two managers write their limits at the same time. If containerd uses systemd and
        the kubelet cgroupfs, runc refuses each pod with "expected cgroupsPath to be of format "slice:prefix:name""; in the reverse
        case pods start, and on hosts with systemd they end again and again.

    How it is fixed:
        native.cgroupdriver in the engine's exec-opts is set to kubelet's driver, and the engine restarts. The settings of
        containerd are changed by the user.

    References:
        https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/configure-cgroup-driver/
        https://github.com/containerd/containerd/blob/main/docs/cri/config.md#cgroup-driver
    """
    if not kubelet.cgroup_driver or not kubelet.endpoint:
        return
    if kubelet.uses_docker:
        known = ("", "") if isinstance(engine, Missing) else _driver(engine, info, cgroups)
        who, setting = "the engine", "native.cgroupdriver"
    else:
        known = _of_containerd(kubelet, containerd, components)
        who, setting = "containerd", "SystemdCgroup"
    driver, source = known
    if not driver or driver == kubelet.cgroup_driver:
        return
    yield Finding(
        subject=Subject("setting", setting),
        message=f"kubelet uses the cgroup driver {kubelet.cgroup_driver} and {who} {driver}: "
        + ("no pod starts" if not kubelet.uses_docker and driver == "systemd" else "the node is unstable"),
        evidence=(
            Evidence(kubelet.evidence, f"cgroupDriver: {kubelet.cgroup_driver}"),
            Evidence(source, driver),
        ),
        detail=KubeletDriver(
            wanted=kubelet.cgroup_driver, containerd="" if kubelet.uses_docker else source.partition(":")[0]
        ),
    )


def _of_containerd(
    kubelet: Kubelet, containerd: ContainerdConfig | Missing, components: Components | Missing
) -> tuple[str, str]:
    """Return the driver of containerd 1.x: of a later one the kubelet asks for it, and then ignores its own setting (since 1.31)."""
    found = None if isinstance(components, Missing) else components.get("containerd")
    version = None if found is None else found.version
    if version is None or version.numbers >= (2,) or kubelet.endpoint.removeprefix("unix://") not in places.SOCKETS:
        return "", ""
    if isinstance(containerd, Missing):
        return (
            ("cgroupfs", f"{places.CONFIG}: no such file, so the default") if containerd.why is Why.ABSENT else ("", "")
        )
    return (
        ("systemd" if containerd.cri.systemd_cgroup else "cgroupfs", containerd.cri_path)
        if containerd.cri
        else ("", "")
    )


def _driver(engine: EngineConfig, info: EngineInfo | Missing, cgroups: Cgroups | Missing) -> tuple[str, str]:
    for option in engine.get("exec-opts") or ():
        if isinstance(option, str) and option.startswith(_KEY):
            return option.removeprefix(_KEY), engine.setting("exec-opts").place
    if isinstance(info, EngineInfo) and info.cgroup_driver:
        return info.cgroup_driver, "GET /info"
    if isinstance(cgroups, Cgroups) and cgroups.mode in {"v1", "hybrid"}:
        return "cgroupfs", "the engine's default on control groups version 1"
    # On v2 the default is systemd only if systemd runs, which is not known here.
    return "", ""
