"""Show how a policy in DOCKER-USER keeps containers' own connections."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.firewall.cuts import Cut


@fixer(applicability=Applicability.MANUAL)
def docker_user_drops(detail: Cut) -> Iterator[Action]:
    """Advise: the rules are an administrator's own."""
    spec = detail.rule.removeprefix("-A ")
    yield Advise(
        text="if this is not intended, name the outside interface in the rule and accept answers first: "
        "iptables -I DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN; "
        f"or remove the rule: iptables -D {spec}"
    )
