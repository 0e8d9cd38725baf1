"""The kubelet is configured to use Docker, but cri-dockerd does not run."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.host.kubernetes import Kubelet
from doctor.facts.host.processes import Processes


@check(
    severity=Severity.CRITICAL,
    ok="the kubelet's runtime endpoint is served",
    messages=(
        Message(
            pattern=r"unknown flag: --network-plugin|dockershim.*(?:no such file|connection refused|not supported).*|cri-dockerd\.sock\S* .*(?:no such file or directory|connection refused)",
            example="validate service connection: dial unix /var/run/cri-dockerd.sock: connect: no such file or directory",
            means="the kubelet is configured for Docker, and cri-dockerd does not run",
            do="install and start cri-dockerd, or use containerd",
        ),
    ),
)
def docker_without_shim(kubelet: Kubelet, processes: Processes | Missing) -> Iterator[Finding]:
    """The kubelet is configured to use Docker through cri-dockerd, which does not run, so it can't start any pod.

    What it looks at:
        The runtime endpoint of the kubelet (flags, kubeadm-flags.env, config.yaml), and whether cri-dockerd runs.

    Why it matters:
        Since version 1.24, kubelet can use Docker only through cri-dockerd. An endpoint "dockershim.sock" is from an older
        version, and no program serves it.

    How it is fixed:
        Manually: start cri-dockerd, or move the node to containerd.

    References:
        https://kubernetes.io/docs/tasks/administer-cluster/migrating-from-dockershim/
    """
    names_docker = docker.CRI_PROCESS in kubelet.endpoint or "dockershim" in kubelet.endpoint
    if not names_docker or isinstance(processes, Missing) or processes.named(docker.CRI_PROCESS):
        return
    yield Finding(
        subject=Subject("process", docker.CRI_PROCESS),
        message=f"no program serves the kubelet's runtime endpoint {kubelet.endpoint}: the kubelet can't start any pod",
        evidence=(Evidence(kubelet.evidence, f"endpoint {kubelet.endpoint}"), Evidence("processes", "no cri-dockerd")),
    )
