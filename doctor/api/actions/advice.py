"""Advice for repairs that only the user can do."""

from collections.abc import Iterable, Iterator

from doctor.api.actions.base import Intention
from doctor.model.action import Stage
from doctor.model.severity import Applicability
from doctor.model.step import Step
from doctor.model.view import View


class Advise(Intention, frozen=True, kw_only=True):
    """Show instructions with commands to copy, in the plan; never applied.

    Attributes:
        text: the instructions, in the imperative ("upgrade the kernel: apt-get install linux-image-amd64, then reboot").
    """

    text: str
    risk: Applicability = Applicability.MANUAL
    stage: Stage = Stage.AFTER

    @property
    def summary(self) -> str:
        """Return the advice."""
        return self.text

    def steps(self, view: View) -> Iterator[Step]:
        """Yield nothing."""
        del view
        yield from ()


def fetch_again(images: Iterable[str], *, remove: bool = True) -> str:
    """Return the commands that fetch images again; of many only the first few.

    >>> fetch_again(["app:1", "db:2"])
    'docker rmi app:1 db:2; docker pull app:1; docker pull db:2 (or docker load)'
    """
    names = sorted(images)[:6] or ["IMAGE"]
    gone = (f"docker rmi {' '.join(names)}",) if remove else ()
    return "; ".join((*gone, *(f"docker pull {name}" for name in names))) + " (or docker load)"
