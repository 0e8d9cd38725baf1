"""Restore a container's rules for the engine's name server."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.path.resolver_rules import RestoreResolverRules
from doctor.facts.path.resolvers import RulelessResolver


@fixer(applicability=Applicability.SAFE)
def embedded_nat_missing(detail: RulelessResolver) -> Iterator[Action]:
    """Write them as the engine does, for the ports where it listens now."""
    yield RestoreResolverRules(resolver=detail)
