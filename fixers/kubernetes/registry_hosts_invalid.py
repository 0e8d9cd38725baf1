"""Advise how to correct a hosts.toml."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.containerd.registry_hosts import HostsFlaw


@fixer(applicability=Applicability.MANUAL)
def registry_hosts_invalid(detail: HostsFlaw) -> Iterator[Action]:
    """Show the command that proves the corrected file."""
    what = f"the certificate is at {detail.lost}" if detail.lost else f"{detail.path} is corrected"
    top = detail.path.rsplit("/", 2)[0]
    yield Advise(text=f"ctr -n k8s.io images pull --hosts-dir {top} {detail.registry}/IMAGE:TAG succeeds once {what}")
