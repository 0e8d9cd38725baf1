"""The image that each pod needs first is not on a Kubernetes node."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containerd.sandbox import SandboxImage


@check(
    severity=Severity.ERROR,
    detail=SandboxImage,
    ok="the node has the sandbox image that each pod needs",
    messages=(
        Message(
            names=("sandbox image", "pause image"),
            pattern=r"failed to (?:get|pull) sandbox image .*|failed to create pod sandbox: .*pause.*",
            example='failed to get sandbox image "registry.k8s.io/pause:3.9": failed to pull image "registry.k8s.io/pause:3.9": dial tcp 142.250.1.82:443: i/o timeout',
            means="the node can't pull the pause image that each pod needs",
            do="see the end of the line for the reason; set sandbox_image in containerd's config to a registry that the node can reach, or import the image with 'ctr -n k8s.io images import FILE'",
        ),
    ),
)
def sandbox_image_missing(sandbox: SandboxImage) -> Iterator[Finding]:
    """A Kubernetes node does not have the sandbox image (pause), so no pod starts until it is pulled.

    What it looks at:
        The image that ``sandbox_image`` (``pinned_images`` since containerd 2.0) names in containerd's settings, or the built-in
        one, in the list of images of the namespace k8s.io in containerd's database; only on a node that has joined a cluster.

    Why it matters:
        containerd starts this image first in each pod and pulls it if it is missing. Without a way to the registry, all pods stay in
        ContainerCreating with "failed to get sandbox image". A clean-up of images, or the kubelet's own garbage collection before
        containerd 1.7, removes it from nodes that can't pull it again. Another version of it does not count.

    How it is fixed:
        Manually: pull it, import it from another node, or set a name that the node can pull and restart containerd.

    References:
        https://kubernetes.io/docs/setup/production-environment/container-runtimes/#override-pause-image-containerd
        https://github.com/containerd/containerd/blob/main/docs/cri/config.md
    """
    if sandbox.is_there:
        return
    name = sandbox.name or "pause"
    runs = "running pods keep running, but no new one starts" if sandbox.pods else "no pod starts"
    yield Finding(
        subject=Subject("image", name),
        message=f"containerd does not have the sandbox image {name} for Kubernetes: {runs} until it is pulled",
        evidence=(
            Evidence(sandbox.source or "containerd", name),
            Evidence("images of namespace k8s.io", f"of this kind: {', '.join(sandbox.others) or 'none'}"),
        ),
        severity=Severity.INFO if sandbox.others else None,
        detail=sandbox,
    )
