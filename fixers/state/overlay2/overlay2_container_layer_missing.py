"""Show where a container's writable layer may be."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def overlay2_container_layer_missing(finding: Finding) -> Iterator[Action]:
    """Advise to restore it from a backup, or to create the container again."""
    path = finding.evidence[0].source
    yield Advise(
        text=f"restore {path} from a backup with cp -a, or look for it in lost+found; if you don't need the files that the container"
        f" wrote, docker rm {finding.subject.name}, and create it again"
    )
