"""The ways to all recipients. Each address of a mail is a recipient of its own: one that is refused costs the others nothing."""

from msgspec.structs import replace

from doctor.model.errors import DoctorError
from doctor.notify.mail import MailRoute
from doctor.notify.recipients import WAYS, Delivery, delivery
from doctor.state.settings import Recipient


def routes_to(wanted: tuple[Recipient, ...]) -> tuple[tuple[Delivery, ...], tuple[DoctorError, ...]]:
    """Return how all recipients are reached, and why others can't be."""
    found: list[Delivery] = []
    problems: list[DoctorError] = []
    for given in wanted:
        try:
            found += routes_of(given)
        except DoctorError as error:
            problems.append(error)
    return tuple(found), tuple(problems)


def routes_of(given: Recipient) -> tuple[Delivery, ...]:
    """Return how one recipient is reached: more than one way if it is a mail to several addresses. Raises ``DoctorError``."""
    one = delivery(given)
    if WAYS[one.word] not in {"sendmail", "smtp"}:
        return (one,)
    addresses = tuple(dict.fromkeys(MailRoute(one).to))
    if len(addresses) == 1:
        return (replace(one, address=addresses[0]),)
    return tuple(
        replace(one, address=address, shown=_shown(one, address, f"{number} of {len(addresses)}"))
        for number, address in enumerate(addresses, 1)
    )


def _shown(one: Delivery, address: str, number: str) -> str:
    if one.is_secret:
        return f"{one.shown} (address {number})"
    return f"mail to {address}" if one.word == "mailto" else f"{one.shown} to {address}"
