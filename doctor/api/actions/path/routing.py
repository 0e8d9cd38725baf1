"""Rules of routing, routes of any table and kind, and fixed neighbours: added or deleted exactly as they are."""

from collections.abc import Iterable, Iterator

from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.managers.hooks import forget_line
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.namespace import NetAddress, RoutingRule
from doctor.facts.path.own.kept_state import PlacedRoute
from doctor.facts.path.own.shown_cut import set_by
from doctor.model.finding import Evidence

NEW = (
    Evidence("last healthy scan", "it was not there, and packets arrived"),
    Evidence("delete", "packets take their former way at once; an undo adds it again"),
)
"""The reasons to delete something that was added since, and the consequences."""


def left(word: str) -> tuple[Evidence, ...]:
    """Return the consequences of an answer by which nothing is changed."""
    return (Evidence("leave", f"the {word} stays, and packets still end there"),)


def add_route(one: PlacedRoute) -> ChangeLink:
    """Return the action that adds a route; an undo deletes it."""
    request = one.request
    return ChangeLink(do=("route", "add", request), undo=("route", "del", request), what=f"add the route {one.text}")


def delete_route(one: PlacedRoute) -> ChangeLink:
    """Return the action that deletes a route; an undo adds it."""
    request = one.request
    return ChangeLink(do=("route", "del", request), undo=("route", "add", request), what=f"delete the route {one.text}")


def add_rule(rule: RoutingRule) -> ChangeLink:
    """Return the action that adds a rule of routing; an undo deletes it."""
    request = rule.request()
    return ChangeLink(do=("rule", "add", request), undo=("rule", "del", request), what=f"add the rule {rule.text}")


def delete_rule(rule: RoutingRule) -> ChangeLink:
    """Return the action that deletes a rule of routing; an undo adds it."""
    request = rule.request()
    return ChangeLink(do=("rule", "del", request), undo=("rule", "add", request), what=f"delete the rule {rule.text}")


def ask_about_route(one: PlacedRoute, *, is_new: bool, source: str = "") -> Choose | Advise:
    """Return the question whether a route is deleted; for one that was there before, or that an undo could not add exactly, the command."""
    ip = "ip -6" if one.route.version == 6 else "ip"
    return _ask("route", one.text, ip, None if one.route.has_more else delete_route(one), is_new=is_new, source=source)


def ask_about_rule(rule: RoutingRule, *, is_new: bool, source: str = "") -> Choose | Advise:
    """Return the question whether a rule of routing is deleted, or the command, as for a route."""
    ip = rule.command.removesuffix(" rule")
    return _ask("rule", rule.text, ip, None if rule.has_more else delete_rule(rule), is_new=is_new, source=source)


def _ask(word: str, text: str, ip: str, deletion: ChangeLink | None, *, is_new: bool, source: str) -> Choose | Advise:
    """Return the question about a route or rule; without a deletion an undo could not add all of it."""
    command = f"{ip} {word} del {text}"
    if deletion is None:
        show = f"{ip} -d {word}" + (" show table all" if word == "route" else "")
        return Advise(
            text=f"if nobody needs the {word}: {command}; '{show}' shows its other options, with which it could be added again"
        )
    if not is_new:
        return Advise(
            text=f"if nobody needs the {word}: {command}, and remove it from {source or 'the configuration that adds it'}"
        )
    return Choose(
        question=f"whether the {word if word == 'route' else 'rule of routing'} {text} stays",
        options=(
            Choosable(name="delete", evidence=(*NEW, *set_by(source)), actions=(deletion, *forget_line(source))),
            Choosable(name="leave", evidence=left(word), actions=()),
        ),
    )


def add_address(device: str, one: NetAddress) -> ChangeLink:
    """Return the action that adds an address as it was; an undo deletes it."""
    request: dict[str, str | int] = {"dev": device, "address": one.text}
    return ChangeLink(
        do=("addr", "add", request | one.attributes),
        undo=("addr", "del", request),
        what=f"add the address {one.text} to {device}",
    )


def delete_address(device: str, one: NetAddress, taken: Iterable[NetAddress] = ()) -> Iterator[ChangeLink]:
    """Yield the deletion of an address; those that the kernel ``taken`` with it are deleted before and added after it.

    So an undo adds all of them in their order, and with what is left of their lifetimes.
    """

    def changed(address: NetAddress, what: str) -> ChangeLink:
        request: dict[str, str | int] = {"dev": device, "address": address.text}
        do, undo = ("addr", "del", request), ("addr", "add", request | address.attributes)
        if what == "add":
            do, undo = undo, do
        return ChangeLink(
            do=do, undo=undo, what=f"{what} the address {address.text} {'to' if what == 'add' else 'from'} {device}"
        )

    others = tuple(taken)
    yield from (changed(address, "delete") for address in reversed(others))
    yield changed(one, "delete")
    yield from (changed(address, "add") for address in others)


def ask_about_address(
    device: str,
    one: NetAddress,
    source: str = "",
    taken: Iterable[NetAddress] = (),
    routes: Iterable[PlacedRoute] = (),
) -> Choose:
    """Return the question whether the host keeps an address that the last healthy scan did not see.

    The kernel deletes ``routes`` with it: as steps of their own an undo adds them again.
    """
    return Choose(
        question=f"whether the host keeps the address {one.text} of {device}",
        options=(
            Choosable(
                name="delete",
                evidence=(*NEW, *set_by(source)),
                actions=(*map(delete_route, routes), *delete_address(device, one, taken)),
            ),
            Choosable(name="leave", evidence=left("address"), actions=()),
        ),
    )
