"""Advise how to give the kubelet a runtime."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def docker_without_shim(finding: Finding) -> Iterator[Action]:
    """Show the commands for cri-dockerd and for containerd; the user decides."""
    place = finding.evidence[0].source
    yield Advise(
        text="with cri-dockerd installed: systemctl enable --now cri-docker.socket cri-docker.service. To use containerd instead: set"
        f" the endpoint in {place} to unix:///run/containerd/containerd.sock, then systemctl restart kubelet"
    )
