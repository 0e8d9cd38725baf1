"""Advise how the kubelet gets a new certificate."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.kubernetes import KubeletCredentials


@fixer(applicability=Applicability.MANUAL)
def kubelet_certificate_expired(detail: KubeletCredentials) -> Iterator[Action]:
    """Show the commands of kubeadm's documentation: only the control plane can sign."""
    yield Advise(
        text="on the control plane: kubeadm kubeconfig user --org system:nodes --client-name system:node:$NODE > kubelet.conf; copy it"
        f" to {detail.kubeconfig} of this node; mv {detail.certificate} {detail.certificate}.old; systemctl restart kubelet"
    )
