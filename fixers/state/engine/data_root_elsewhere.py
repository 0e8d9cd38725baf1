"""Say how the other data root is shown again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.other_roots import OtherRoot

_ADVICE = {
    "remap": "set userns-remap as it was and systemctl restart docker; or go on here and pull and make everything anew",
    "default": "name {0} as data-root again and systemctl restart docker; or move it as a whole, while the engine is stopped",
    "replaced": "stop the engine and look which disk belongs on {0} ('findmnt --fstab', 'lsblk -f'), mount it, start the engine",
}


@fixer(applicability=Applicability.MANUAL)
def data_root_elsewhere(detail: OtherRoot) -> Iterator[Action]:
    """Which root is wanted is for a person to say."""
    yield Advise(text=_ADVICE[detail.how].format(detail.path))
