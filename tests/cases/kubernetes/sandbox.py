"""Kubernetes nodes and the image of their pods' first containers, as containerd 1.7 refused a sandbox over its CRI."""

from collections.abc import Callable

from doctor.formats.databases.bolt import Bucket
from doctor.formats.databases.bolt_write import write
from tests.cases.recipe import Finding, Recipe
from tests.cases.roots import Tree

TOP = "var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db"
CONFIG = "etc/containerd/config.toml"
OLD = '[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "registry.lan/pause:3.9"\n'
NEW = "version = 3\n[plugins.'io.containerd.cri.v1.images'.pinned_images]\nsandbox = 'registry.lan/pause:3.9'\n"
ARGS = 'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/containerd/containerd.sock"\n'
DIGEST = b"sha256:" + b"5" * 64


def node(settings: str, *images: str, joined: bool = True) -> Callable[[Tree], None]:
    """Return what makes a host a node with these images in the namespace of Kubernetes."""

    def change(tree: Tree) -> None:
        target = Bucket(keys={b"digest": DIGEST, b"size": b"\x02"})
        names = {name.encode(): Bucket(buckets={b"target": target}) for name in images}
        spaces = {b"k8s.io": Bucket(buckets={b"images": Bucket(buckets=names)}), b"moby": Bucket()}
        tree.put(TOP, write(Bucket(buckets={b"v1": Bucket(keys={b"version": b"\x06"}, buckets=spaces)})))
        tree.put("usr/bin/kubelet", "")
        tree.put("var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\n")
        tree.put("var/lib/kubelet/kubeadm-flags.env", ARGS)
        if settings:
            tree.put(CONFIG, settings)
        if joined:
            tree.put("etc/kubernetes/kubelet.conf", "kind: Config\n")

    return change


def recipe(name: str, about: str, change: Callable[[Tree], None], *found: Finding) -> Recipe:
    """Return a case of a node without Docker."""
    problem = "sandbox-image-missing"
    return Recipe(
        problem=problem, name=name, about=about, parts=(), change=change, findings=found, fix="manual", area="kubernetes",
        select=(f"kubernetes/{problem}",),
    )  # fmt: skip


CASES = (
    recipe(
        "cleaned",
        "a clean-up of images took the pause image of a node without a way to its registry",
        node(OLD, "docker.io/library/app:1"),
        ("sandbox-image-missing", "image", "registry.lan/pause:3.9"),
    ),
    recipe(
        "version-3",
        "the same with settings of containerd 2",
        node(NEW, "registry.k8s.io/pause:3.8"),
        ("sandbox-image-missing", "image", "registry.lan/pause:3.9"),
    ),
    recipe("healthy", "the image is there", node(OLD, "registry.lan/pause:3.9")),
    recipe("healthy-default", "no setting names an image, and there is one", node("", "registry.k8s.io/pause:3.10")),
    recipe(
        "healthy-unreadable",
        "the settings can not be parsed, so what they name is unknown",
        node(f"{OLD}[cri", "x/pause:1"),
    ),
    recipe("healthy-new", "the node has not joined a cluster yet", node(OLD, joined=False)),
)
