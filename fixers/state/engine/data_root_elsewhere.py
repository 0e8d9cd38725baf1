"""Show how to use the other data root again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.other_roots import OtherRoot

_ADVICE = {
    "remap": "restore the earlier value of userns-remap and systemctl restart docker; or keep this data root, and pull the images and create the containers again",
    "default": "set data-root to {0} again and systemctl restart docker; or move the whole directory while the engine is stopped",
    "snap": "keep the snap's engine (disable this one: systemctl disable --now docker.socket docker), or stop both engines and"
    " cp -a {0}/. into the data root in use",
    "beside": "systemctl stop docker.socket docker, set data-root to {0} or mv it to the path of the empty one, systemctl start docker",
    "replaced": "stop the engine, find out which disk belongs on {0} ('findmnt --fstab', 'lsblk -f'), mount it, start the engine",
}


@fixer(applicability=Applicability.MANUAL)
def data_root_elsewhere(detail: OtherRoot) -> Iterator[Action]:
    """Advise to restore the setting or the disk: only the administrator knows which data root is wanted."""
    yield Advise(text=_ADVICE[detail.how].format(detail.path))
