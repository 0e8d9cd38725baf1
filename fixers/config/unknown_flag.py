"""Rename a removed or misspelt flag, or remove it."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import add_flag, remove_flag, set_flag, with_reload
from doctor.engines.docker import places as docker
from doctor.facts.config.details import BadFlag
from doctor.facts.config.engine import EngineFlags
from doctor.facts.engine.units import EngineUnits


@fixer(applicability=Applicability.SAFE)
def unknown_flag(
    finding: Finding, detail: BadFlag | None, flags: EngineFlags, units: EngineUnits | Missing
) -> Iterator[Action]:
    """Rename or remove the flag, or ask which flag is meant."""
    yield from with_reload(units, _actions(finding, detail, flags))


def _actions(finding: Finding, bad: BadFlag | None, flags: EngineFlags) -> Iterator[Action]:
    if bad is None:
        show = "systemctl cat docker.service" if flags.launcher == "systemd" else f"cat {flags.launcher_file}"
        yield Advise(
            text=f"{show} shows the command line: look for a missing quote or an unset variable near '{finding.subject.name}' (a"
            " boolean flag is set with =, as in --icc=false), then 'doctor scan'"
        )
    elif bad.close:
        yield Choose(
            question=f"which flag --{bad.flag.name} in {bad.place.file} means",
            options=(
                *(
                    Choosable(
                        name=name,
                        evidence=(Evidence(bad.place.file, f"--{bad.flag.name} is spelled like --{name}"),),
                        actions=tuple(_renamed(bad, name)),
                    )
                    for name in bad.close
                ),
                Choosable(
                    name="remove",
                    evidence=(
                        Evidence(docker.PROCESS, f"no release has --{bad.flag.name}; without it the default applies"),
                    ),
                    actions=(remove_flag(bad.place, bad.flag.name, restart=False),),
                ),
            ),
        )
    elif bad.successor:
        yield from _renamed(bad, bad.successor)
    else:
        yield remove_flag(bad.place, bad.flag.name, restart=False)


def _renamed(bad: BadFlag, name: str) -> Iterator[Action]:
    flag, place = bad.flag, bad.place
    value = flag.value or "true"
    if place.kind == "variable":
        yield add_flag(place, name, value, restart=False)
        yield remove_flag(place, flag.name, restart=False)
    elif place.is_packaged:
        yield Advise(
            text=f"systemctl edit --full docker.service: rename --{flag.name} to --{name}, then systemctl start docker"
        )
    else:
        yield set_flag(place, name, value, restart=False)
        yield remove_flag(place, flag.name, restart=False)
