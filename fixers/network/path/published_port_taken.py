"""Show how a published port becomes free."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.path.details import ProxyPortTaken


@fixer(applicability=Applicability.MANUAL)
def published_port_taken(detail: ProxyPortTaken) -> Iterator[Action]:
    """Show the commands: the program may be needed, and the container restarts."""
    names = " ".join(detail.containers)
    yield Advise(
        text=f"stop {detail.program} or give it another port (ss -lptun sport = :{detail.port} shows it), then docker restart {names}"
    )
