"""Say how the other data root is shown again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.other_roots import OtherRoot

_ADVICE = {
    "remap": "set userns-remap as it was and systemctl restart docker; or go on here and pull and make everything anew",
    "default": "name {0} as data-root again and systemctl restart docker; or move it as a whole, while the engine is stopped",
    "snap": "go on with the snap's engine (disable this one: systemctl disable --now docker.socket docker), or, both engines stopped,"
    " cp -a {0}/. into the data root in force",
    "beside": "systemctl stop docker.socket docker, name {0} as data-root or mv it into the place of the empty one, systemctl start docker",
    "replaced": "stop the engine and look which disk belongs on {0} ('findmnt --fstab', 'lsblk -f'), mount it, start the engine",
}


@fixer(applicability=Applicability.MANUAL)
def data_root_elsewhere(detail: OtherRoot) -> Iterator[Action]:
    """Which root is wanted is for a person to say."""
    yield Advise(text=_ADVICE[detail.how].format(detail.path))
