"""The files with which the kubelet reaches its cluster are missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.host.kubernetes import KubeletCredentials


@check(
    severity=Severity.CRITICAL,
    detail=KubeletCredentials,
    ok="the kubelet has the files with which it reaches its cluster",
    messages=(
        Message(
            pattern=r"failed to load [kK]ubelet config file.*|bootstrap-kubelet\.conf: no such file or directory|/etc/kubernetes/kubelet\.conf: no such file or directory",
            example="failed to load kubelet config file, path: /var/lib/kubelet/config.yaml, error: failed to load Kubelet config file /var/lib/kubelet/config.yaml, error failed to read kubelet config file: open /var/lib/kubelet/config.yaml: no such file or directory",
            names=(
                "kubelet config",
                "kubeadm",
            ),
            means="the node has not joined a cluster yet, its files are missing, or the kubelet's certificate has expired",
            do="run 'kubeadm join' or 'kubeadm init'; renew with 'kubeadm certs renew all' on the control plane",
            also=("kubernetes/kubelet-certificate-expired",),
            apart="whether /etc/kubernetes/kubelet.conf and /var/lib/kubelet/config.yaml exist, and the lines before it",
        ),
    ),
)
def kubelet_config_missing(credentials: KubeletCredentials) -> Iterator[Finding]:
    """The files with which the kubelet reaches its cluster are missing, so it exits at each start.

    What it looks at:
        /etc/kubernetes/kubelet.conf or, before the first contact, bootstrap-kubelet.conf, and /var/lib/kubelet/config.yaml, on a
        node that kubeadm set up (/var/lib/kubelet/kubeadm-flags.env).

    Why it matters:
        systemd restarts the kubelet every ten seconds, and it exits with "bootstrap-kubelet.conf: no such file or directory". The
        pods that run keep running, and nothing manages them.

    How it is fixed:
        Manually: from a backup of /etc/kubernetes, or by a reset and a new join.

    References:
        https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/troubleshooting-kubeadm/
    """
    lost = []
    if not credentials.has_kubeconfig and not credentials.has_bootstrap:
        lost.append(credentials.kubeconfig)
    if not credentials.has_config:
        lost.append(credentials.config)
    for path in lost:
        yield Finding(
            subject=Subject("file", path),
            message=f"{path} is missing: the kubelet exits at each start, and the node is not in its cluster",
            evidence=(Evidence(path, "no such file"),),
            detail=credentials,
        )
