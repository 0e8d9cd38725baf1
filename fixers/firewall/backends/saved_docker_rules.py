"""Remove Docker's lines from a saved rule file."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.firewall.iptables import strip_saved_rules
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def saved_docker_rules(detail: OfFile) -> Iterator[Action]:
    """Keep every other byte; change no rule in force."""
    yield strip_saved_rules(detail.path)
