"""Advise how a node gets its files again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def kubelet_config_missing(finding: Finding) -> Iterator[Action]:
    """Show both ways: a backup is better, because a reset removes the node's pods."""
    yield Advise(
        text=f"restore {finding.subject.name} from a backup, then systemctl restart kubelet; without one: kubeadm reset here, and the"
        " command that 'kubeadm token create --print-join-command' shows on the control plane"
    )
