"""Forwarding that is turned on: as an engine does it, only for its own networks."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.firewall.iptables import set_forward_policy
from doctor.facts.firewall.forward_policy import OpenPolicies
from doctor.model.action import Action, Stage
from doctor.model.finding import Evidence
from doctor.model.missing import Missing


def forward_only_own(version: int, actions: Iterable[Action], policies: OpenPolicies | Missing) -> Iterator[Action]:
    """Yield the actions that turn forwarding on, with what keeps closed the networks behind this host that are closed now.

    An engine that turns forwarding on sets the policy of FORWARD to DROP. With ACCEPT the host would forward for everyone who
    routes through it, and up to engine 27 to unpublished ports: that is a question, unless the last healthy scan saw it.
    """
    done = tuple(actions)
    unsure, closed = (
        (None, None) if isinstance(policies, Missing) else (policies.unsure.get(version), policies.closed.get(version))
    )
    family = unsure or closed
    if family is None:
        yield from done
        return
    # Before forwarding is on, in the same stage.
    closes = replace(set_forward_policy(family, "DROP", "as an engine that turns forwarding on"), stage=Stage.KERNEL)
    if unsure is None:
        yield from (closes, *done)
        return
    yield Choose(
        question="whether this host forwards for others too, once it forwards for containers",
        options=(
            Choosable(
                name="closed",
                evidence=(
                    Evidence(
                        "as an engine does it", "the policy of FORWARD becomes DROP: only containers' packets pass"
                    ),
                ),
                actions=(closes, *done),
            ),
            Choosable(
                name="open",
                evidence=(
                    Evidence(
                        " ".join(family.saved.save),
                        ":FORWARD ACCEPT: whoever routes through this host reaches the networks behind it",
                    ),
                ),
                actions=done,
            ),
        ),
    )
