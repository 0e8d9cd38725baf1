"""Advise how a node gets its network configuration."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.kubernetes import CniConfig


@fixer(applicability=Applicability.MANUAL)
def cni_config_missing(detail: CniConfig) -> Iterator[Action]:
    """Show the commands: only the cluster knows its network plugin."""
    create = "" if detail.exists else f"mkdir -p {detail.directory} && systemctl restart containerd; then "
    yield Advise(
        text=f"{create}kubectl -n kube-system get pods -o wide shows the network plugin's pod of this node: delete it, and its"
        " successor writes the file; in a new cluster install a plugin (kubectl apply -f FILE); then ls /etc/cni/net.d"
    )
