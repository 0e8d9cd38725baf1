"""The engine and kubelet use different cgroup drivers."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineInfo
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
    ),
)
def driver_mismatch(
    kubelet: Kubelet, engine: EngineConfig, info: EngineInfo | Missing, cgroups: Cgroups | Missing
) -> Iterator[Finding]:
    """The engine and kubelet use different cgroup drivers, so kubelet doesn't start or the node becomes unstable.

    What it looks at:
        cgroupDriver in kubelet's configuration, and the engine's driver: native.cgroupdriver in exec-opts, else the driver that
        the engine reports, else its default (cgroupfs on v1). The check applies only if kubelet runs containers with this engine
        and its configuration sets a driver.

    Why it matters:
        Up to version 1.23, kubelet exits with "kubelet cgroup driver: systemd is different from docker cgroup driver: cgroupfs".
        Later versions start pods, and two managers write their limits at the same time.

    How it is fixed:
        native.cgroupdriver in the engine's exec-opts is set to kubelet's driver, and the engine restarts.

    References:
        https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/configure-cgroup-driver/
    """
    if not kubelet.cgroup_driver or not kubelet.endpoint or not kubelet.uses_docker:
        return
    driver, source = _driver(engine, info, cgroups)
    if not driver or driver == kubelet.cgroup_driver:
        return
    yield Finding(
        subject=Subject("setting", "native.cgroupdriver"),
        message=f"kubelet uses the cgroup driver {kubelet.cgroup_driver} and the engine {driver}: the node is unstable",
        evidence=(
            Evidence(kubelet.evidence, f"cgroupDriver: {kubelet.cgroup_driver}"),
            Evidence(source, driver),
        ),
        detail=KubeletDriver(wanted=kubelet.cgroup_driver),
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
