"""Say where a container's own files may be."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def overlay2_container_layer_missing(finding: Finding) -> Iterator[Action]:
    """Advise to restore them from a backup, or to make the container anew."""
    path = finding.evidence[0].source
    yield Advise(
        text=f"cp -a it back to {path} from a backup, or look for it in lost+found; if what the container wrote does not matter,"
        f" docker rm {finding.subject.name}, and create it again"
    )
