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


def set_aside(*names: str) -> str:
    """Return the commands that make room for new containers of the same names; of many only those of the first.

    ``docker rm`` would delete the files that a container wrote outside of volumes, as a stop does if it runs with ``--rm``.

    >>> set_aside("web", "db")
    'docker stop web (if it runs with --rm, that deletes it: docker commit web web-old first); docker rename web web-old (it keeps the files that it wrote: docker diff web-old lists them, docker cp copies them), likewise db'
    """
    name, *others = names or ("NAME",)
    more = f", likewise {', '.join(others[:5])}" if others else ""
    return (
        f"docker stop {name} (if it runs with --rm, that deletes it: docker commit {name} {name.lower()}-old first); "
        f"docker rename {name} {name}-old (it keeps the files that it wrote: docker diff {name}-old lists them, "
        f"docker cp copies them){more}"
    )


def fetch_again(images: Iterable[str], *, remove: bool = True) -> str:
    """Return the commands that fetch images again; of many only the first few.

    >>> fetch_again(["app:1", "db:2"])
    'docker rmi app:1 db:2; docker pull app:1; docker pull db:2 (or docker load)'
    """
    names = sorted(images)[:6] or ["IMAGE"]
    gone = (f"docker rmi {' '.join(names)}",) if remove else ()
    return "; ".join((*gone, *(f"docker pull {name}" for name in names))) + " (or docker load)"
