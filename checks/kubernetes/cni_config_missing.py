"""A Kubernetes node has no network configuration."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.host.kubernetes import CniConfig
from doctor.model.text import plural


@check(
    severity=Severity.ERROR,
    detail=CniConfig,
    ok="the node has a network configuration",
    messages=(
        Message(
            pattern=r'networkPlugin cni failed to (?:set up|teardown) pod|failed to setup network for sandbox|cni plugin not initialized(?:: failed to load cni config)?|cni config uninitialized|NetworkPluginNotReady.*|failed to find plugin "\S+" in path.*|no network config found in /etc/cni/net\.d.*',
            example="container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
            names=(
                "cni",
                "cni plugin not initialized",
            ),
            means="no network plugin is installed on the node yet, or its programs below /opt/cni/bin are missing",
            do="install or restart the network plugin (flannel, calico, cilium); look into /etc/cni/net.d",
            apart="ls /etc/cni/net.d /opt/cni/bin",
        ),
    ),
)
def cni_config_missing(cni: CniConfig) -> Iterator[Finding]:
    """A Kubernetes node that has joined its cluster has no network configuration, so it is not ready and pods don't start.

    What it looks at:
        Files *.conf, *.conflist and *.json in /etc/cni/net.d, on a node with /etc/kubernetes/kubelet.conf whose kubelet uses
        containerd, unless containerd's settings name another directory.

    Why it matters:
        The kubelet reports "cni plugin not initialized", the node stays NotReady, and pods wait in ContainerCreating. The network
        plugin's own pod writes the file when it starts; a reset, or a cleanup of /etc, removes it.

    How it is fixed:
        Manually: install the cluster's network plugin, or start its pod on this node again. If the directory was removed while
        containerd ran, containerd watches it no longer and has to be restarted too.

    References:
        https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/network-plugins/
        https://github.com/flannel-io/flannel/issues/2039
    """
    if cni.files:
        return
    yield Finding(
        subject=Subject("directory", cni.directory),
        message=f"{cni.directory} has no network configuration: the node is not ready, and its pods don't start",
        evidence=(
            Evidence(cni.directory, "no *.conf, *.conflist or *.json" if cni.exists else "no such directory"),
            Evidence("/opt/cni/bin", plural(cni.programs, "program") if cni.programs else "no program"),
        ),
        detail=cni,
    )
