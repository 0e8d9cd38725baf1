"""Say how the kubelet gets a runtime."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def docker_without_shim(finding: Finding) -> Iterator[Action]:
    """cri-dockerd or containerd: a person decides."""
    place = finding.evidence[0].source
    yield Advise(
        text="with cri-dockerd installed: systemctl enable --now cri-docker.socket cri-docker.service. To use containerd instead: name"
        f" unix:///run/containerd/containerd.sock in {place}, then systemctl restart kubelet"
    )
