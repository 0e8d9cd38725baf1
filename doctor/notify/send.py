"""Delivers notifications, all recipients at once, each with retries and within a time limit that nothing can exceed."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from doctor.model.errors import DoctorError
from doctor.notify.notice import Notice
from doctor.notify.recipients import Delivery

ATTEMPTS = 3
_PAUSES_S = (1.0, 2.0)


class TryLaterError(DoctorError):
    """This attempt failed, and another one may succeed: nobody listens, no answer in time, an overloaded server."""


class Delivered(Struct, frozen=True, kw_only=True):
    """The end of a delivery: whether the recipient has it, and the error, "" for none."""

    done: bool
    error: str = ""


class Parcel(Struct, frozen=True, kw_only=True):
    """A notification, its recipient, and a function that renders the whole scan in a format: bytes and exit code."""

    delivery: Delivery
    notice: Notice
    render: Callable[[str], tuple[bytes, int]] | None = None
    extra: bytes = b""
    """Metrics about the schedule, for a file of metrics."""


class _Sender(Protocol):
    def check(self, delivery: Delivery) -> None: ...
    def send(self, parcel: Parcel) -> None: ...


def deliver(parcels: tuple[Parcel, ...]) -> tuple[Delivered, ...]:
    """Deliver each and return how it ended, in the order of the parcels.

    Each recipient has a thread of its own, because neither a lookup of a name nor a stuck file system has a time limit. A thread that
    exceeds it is abandoned; it ends with this process.
    """
    results = [Delivered(done=False, error=f"no answer within {_limit(parcel):.0f} s") for parcel in parcels]

    def run(number: int, parcel: Parcel) -> None:
        results[number] = _attempts(parcel)

    threads = [
        threading.Thread(target=run, args=(number, parcel), daemon=True) for number, parcel in enumerate(parcels)
    ]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread, parcel in zip(threads, parcels, strict=True):
        thread.join(max(0.0, begun + _limit(parcel) - time.monotonic()))
    return tuple(results)


def _limit(parcel: Parcel) -> float:
    return ATTEMPTS * (parcel.delivery.given.timeout + 1) + sum(_PAUSES_S)


def _attempts(parcel: Parcel) -> Delivered:
    says = ""
    for number in range(ATTEMPTS):
        try:
            sender: _Sender = parcel.delivery.module()
            sender.send(parcel)
        except TryLaterError as error:
            says = str(error)
            if number < ATTEMPTS - 1:
                time.sleep(_PAUSES_S[number])
        except DoctorError as error:
            return Delivered(done=False, error=str(error))
        except Exception as error:  # noqa: BLE001 - a way that fails must not take the scan or the other ways with it
            return Delivered(done=False, error=f"{type(error).__name__}: {error}")
        else:
            return Delivered(done=True)
    return Delivered(done=False, error=f"{says} ({ATTEMPTS} attempts)")
