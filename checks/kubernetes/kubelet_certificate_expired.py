"""The kubelet's client certificate has expired."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.host.kubernetes import KubeletCredentials


@check(
    severity=Severity.CRITICAL,
    detail=KubeletCredentials,
    ok="the kubelet's client certificate is valid",
    messages=(
        Message(
            pattern=r"part of the existing bootstrap client certificate.*is expired.*|client certificate.*expired.*kubelet.*|kubelet-client-current\.pem.*(?:expired|not yet valid).*",
            example='part of the existing bootstrap client certificate in "/etc/kubernetes/kubelet.conf" is expired: 2024-12-06 18:55:55 +0000 UTC',
            means="the kubelet's client certificate has expired, so the API server does not accept it",
            do="on another node run 'kubeadm token create --print-join-command' and join again; on the control plane 'kubeadm init phase kubeconfig kubelet'",
            also=("kubernetes/kubelet-config-missing",),
        ),
    ),
)
def kubelet_certificate_expired(credentials: KubeletCredentials) -> Iterator[Finding]:
    """The kubelet's client certificate has expired, so the kubelet exits or the API server refuses it.

    What it looks at:
        The first certificate in /var/lib/kubelet/pki/kubelet-client-current.pem, on a node that kubeadm set up. The key in that
        file is not kept.

    Why it matters:
        The kubelet renews its certificate only while it runs. After a year off, or with rotation disabled, it logs "part of the
        existing bootstrap client certificate is expired" and looks for a bootstrap token that no longer exists.

    How it is fixed:
        Manually, with a new token from the control plane. A wrong clock on the host has the same effect.

    References:
        https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/troubleshooting-kubeadm/#kubelet-client-cert
    """
    if credentials.is_expired:
        yield Finding(
            subject=Subject("file", credentials.certificate),
            message=f"the kubelet's client certificate expired on {credentials.last_day}: the node is not in its cluster",
            evidence=(Evidence(credentials.certificate, f"not after {credentials.last_day}"),),
            detail=credentials,
        )
