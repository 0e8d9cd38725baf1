"""containerd does not serve the kubelet."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containerd.config import ContainerdConfig
from doctor.facts.details import OfFile
from doctor.facts.host.kubernetes import Kubelet
from doctor.facts.secrets.redact import as_json


@check(
    severity=Severity.CRITICAL,
    detail=OfFile,
    ok="containerd serves the kubelet",
    messages=(
        Message(
            pattern=r"unknown service runtime\.v1(?:alpha2)?\.(?:RuntimeService|ImageService)",
            example="rpc error: code = Unimplemented desc = unknown service runtime.v1alpha2.RuntimeService",
            means="containerd does not offer the CRI that the kubelet needs: its plugin is disabled, or one of the two is much older",
            do='remove "cri" from disabled_plugins in /etc/containerd/config.toml, and restart containerd',
        ),
    ),
)
def cri_disabled(kubelet: Kubelet, containerd: ContainerdConfig) -> Iterator[Finding]:
    """The CRI plugin of containerd is disabled on a Kubernetes node, so the kubelet can't start any pod.

    What it looks at:
        ``disabled_plugins`` of /etc/containerd/config.toml, on a host whose kubelet uses containerd's socket.

    Why it matters:
        The configuration file in Docker's containerd.io package disables the plugin. kubelet then reports "unknown service
        runtime.v1.RuntimeService", and the node never becomes ready.

    How it is fixed:
        "cri" is removed from the list; the rest of the file is unchanged. doctor does not restart containerd: the plan reminds
        the user to do it.

    References:
        https://kubernetes.io/docs/setup/production-environment/container-runtimes/#containerd
    """
    if kubelet.uses_containerd and containerd.disables_cri:
        yield Finding(
            subject=Subject("file", containerd.path),
            message="containerd's CRI plugin is disabled: the kubelet can't start any pod",
            evidence=(
                Evidence(containerd.place, f"disabled_plugins = {as_json(list(containerd.disabled))}"),
                Evidence(kubelet.evidence, f"kubelet uses {kubelet.endpoint}"),
            ),
            detail=OfFile(path=containerd.path),
        )
