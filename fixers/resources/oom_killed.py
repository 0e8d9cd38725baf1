"""Advise how to give a container more memory, or the others less."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.kernel.details import MemoryKill


@fixer(applicability=Applicability.MANUAL)
def oom_killed(finding: Finding, detail: MemoryKill) -> Iterator[Action]:
    """Show the commands; only the user knows how much memory a program needs."""
    if detail.container:
        wanted = f"{max(detail.limit_bytes * 2, 64 << 20) >> 20}m"
        yield Advise(
            text=f"if the program needs more: docker update --memory {wanted} --memory-swap {wanted} {detail.container}; "
            f"else find the leak: docker stats {detail.container}"
        )
    elif finding.subject.kind == "unit":
        yield Advise(text=f"remove or raise MemoryMax= of the unit: systemctl edit {finding.subject.name}")
    else:
        yield Advise(
            text="find the largest containers with 'docker stats --no-stream', and limit them: "
            "docker update --memory 1g --memory-swap 1g NAME"
        )
