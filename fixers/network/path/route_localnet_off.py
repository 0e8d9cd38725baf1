"""Let a bridge accept packets from 127.0.0.1."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.kernel import SetSysctl
from doctor.facts.details import OfSysctl
from doctor.facts.kernel.sysctl import SysctlFiles, interface_key


@fixer(applicability=Applicability.SAFE)
def route_localnet_off(detail: OfSysctl, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Set it for the one bridge, as the engine does. If a file turns it off, somebody closed 127.0.0.1 to containers: advise."""
    keys = (detail.key, *(interface_key(name, "route_localnet") for name in ("all", "default")))
    setters = [] if isinstance(files, Missing) else [setter for key in keys for _, setter in files.deciders(key)]
    closing = [setter.place for setter in setters if setter.value.strip() == "0"]
    if closing:
        yield Advise(
            text=f"{closing[0]} turns it off: containers on the bridge can reach what listens at 127.0.0.1 of this host if it is on. Use the "
            f"host's address instead of 127.0.0.1, or: sysctl {detail.key}=1"
        )
        return
    yield SetSysctl(key=detail.key, value="1")
