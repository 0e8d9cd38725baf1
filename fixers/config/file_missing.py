"""Point the engine to an existing settings file, or to none."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import remove_flag, set_flag, with_reload
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import DaemonJson, EngineFlags
from doctor.facts.engine.units import EngineUnits
from doctor.model.paths import HostPath, parent


@fixer(applicability=Applicability.SAFE)
def file_missing(file: DaemonJson, flags: EngineFlags, units: EngineUnits | Missing) -> Iterator[Action]:
    """Set the flag to the file that is meant; ask if there are none or several."""
    yield from with_reload(units, _actions(file, flags, units))


def _actions(file: DaemonJson, flags: EngineFlags, units: EngineUnits | Missing) -> Iterator[Action]:
    given = [flag for flag in flags.configured if flag.name == "config-file" and flag.place is not None]
    place = given[-1].place if given else None
    if not file.is_explicit:
        yield Advise(
            text=f"ls -ld {file.path} {parent(HostPath(file.leads_to))} shows the link: mount the disk of its target or restore the file,"
            f" then systemctl restart docker; or rm {file.path} if the engine should use its defaults"
        )
    elif place is None:
        yield Advise(
            text=f"start dockerd without --config-file={file.path}; ls -l {parent(file.path)} shows the existing files"
        )
    else:
        near = [path for path in dict.fromkeys(file.nearby) if parent(path) == parent(file.path)]
        editable = place.kind == "variable" or not place.is_packaged
        if len(near) == 1 and editable and set(file.nearby) == set(near):
            yield set_flag(place, "config-file", near[0], restart=False)
            return
        options = [
            Choosable(
                name=path,
                evidence=(Evidence(path, "an existing settings file"),),
                actions=tuple(with_reload(units, [set_flag(place, "config-file", path, restart=False)])),
            )
            for path in dict.fromkeys(file.nearby)
            if editable
        ]
        default = docker.DAEMON_JSON
        reads = (
            f"the engine reads {default}"
            if default in file.nearby
            else "the engine's defaults: it reads no settings file"
        )
        options.append(
            Choosable(
                name="no-flag",
                evidence=(Evidence("without the flag", reads),),
                actions=tuple(with_reload(units, [remove_flag(place, "config-file", restart=False)])),
            )
        )
        yield Choose(question=f"which settings the engine should read instead of {file.path}", options=tuple(options))
