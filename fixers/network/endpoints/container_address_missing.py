"""Add the address that the engine gave to a container."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.path.endpoints import equip, inside, route_words
from doctor.facts.path.ends.details import AddressGone, Request


@fixer(applicability=Applicability.SAFE)
def container_address_missing(detail: AddressGone) -> Iterator[Action]:
    """Remove what stands in its place, add it and the default route, and add the routes that the kernel removed with the other address."""
    if detail.has_more:
        enter = f"nsenter -t {detail.place.pid} -n ip"
        address = detail.base.address or detail.base.address6
        yield Advise(
            text=f"{enter} addr add {address} dev {quote(detail.base.device)}; {enter} -d route show lists routes that the kernel would remove with"
            " the other address, and that doctor can't add again exactly"
        )
        return
    for route in detail.routes:
        yield inside(detail.place, ("route", "del", route), ("route", "add", route), f"remove {route_words(route)}")
    for address, attributes in detail.foreign:
        request: Request = {"dev": detail.base.device, "address": address}
        yield inside(
            detail.place,
            ("addr", "del", request),
            ("addr", "add", request | attributes),
            f"remove the address {address} from {detail.base.device}",
        )
    yield from equip(detail.place, detail.base)
    gone = {address.partition("/")[0] for address, _ in detail.foreign}
    for route in detail.routes:
        again = {key: value for key, value in route.items() if key != "prefsrc" or value not in gone}
        yield inside(
            detail.place, ("route", "add", again), ("route", "del", again), f"add the route to {route['dst']} again"
        )
