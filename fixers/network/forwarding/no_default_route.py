"""Add the missing default route."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.network import ChangeLink
from doctor.facts.network.route_hints import RouteHint, RouteHints


@fixer(applicability=Applicability.SAFE)
def no_default_route(finding: Finding, detail: RouteHints | None) -> Iterator[Action]:
    """Add the route as it was; ask if several are possible; without any source, show advice."""
    choices = () if detail is None else detail.choices(6 if "IPv6" in finding.subject.name else 4)
    if not choices:
        yield Advise(text=_advice(finding))
    elif len(choices) == 1:
        yield from map(_add, choices[0])
    else:
        yield Choose(
            question="which default route the host had",
            options=tuple(
                Choosable(
                    name=",".join(hint.gateway or hint.device for hint in routes),
                    evidence=tuple(Evidence(hint.place, f"via {hint.gateway} dev {hint.device}") for hint in routes),
                    actions=tuple(map(_add, routes)),
                )
                for routes in choices
            ),
        )


def _advice(finding: Finding) -> str:
    """Return the command, with the route as a record has it if it can't be added yet."""
    known = next((one.value for one in finding.evidence if one.value.startswith("default via ")), "")
    six = "-6 " if "IPv6" in finding.subject.name else ""
    if known:
        return f"when the interface is up and has its address: ip {six}route add {known}"
    return (
        f"ip {six}route add default via GATEWAY dev INTERFACE, and add the gateway to the configuration of the host's network"
        " manager"
    )


def _add(hint: RouteHint) -> ChangeLink:
    route: dict[str, str | int] = {"dst": "default", "dev": hint.device}
    if hint.gateway:
        route["gateway"] = hint.gateway
    if hint.metric:
        route["priority"] = hint.metric
    if hint.version == 6:
        route["family"] = 10
    via = f" via {hint.gateway}" if hint.gateway else ""
    return ChangeLink(
        do=("route", "add", route),
        undo=("route", "del", route),
        what=f"add the default route{via} dev {hint.device}, as recorded in {hint.place}",
    )
