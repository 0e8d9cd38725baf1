"""Show how to load a profile."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.security.details import UnloadedProfile


@fixer(applicability=Applicability.MANUAL)
def apparmor_profile_missing(detail: UnloadedProfile) -> Iterator[Action]:
    """Advise: a loaded profile restricts every program that it names."""
    yield Advise(
        text=f"grep -rlw '{detail.profile.replace(chr(39), '')}' /etc/apparmor.d shows its file: apparmor_parser -r FILE loads it; without a"
        " file, create the container again with another profile"
    )
