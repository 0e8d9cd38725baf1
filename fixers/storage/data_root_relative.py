"""Set the data root to an absolute path."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import remove_flag, remove_setting, set_flag, set_setting, with_reload
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.units import EngineUnits


@fixer(applicability=Applicability.SAFE)
def data_root_relative(finding: Finding, config: EngineConfig, units: EngineUnits | Missing) -> Iterator[Action]:
    """Ask which directory is meant: the path below /, where a service resolves it, or the engine's default."""
    key = finding.subject.name
    under_root = "/" + str(config.get(key)).removeprefix("./").strip("/")
    flags = [flag for flag in config.flags.of_key(key) if flag.place is not None]
    place = flags[-1].place if flags else None
    if place is None and key not in config.json.value:
        yield Advise(
            text=f"start dockerd with --data-root={under_root}, or without it; ls -d {under_root} /var/lib/docker shows which one exists"
        )
        return
    name = flags[-1].name if flags else key
    to_path: Action
    to_default: Action
    if place is not None:
        to_path, to_default = set_flag(place, name, under_root), remove_flag(place, name)
    else:
        to_path = set_setting(config.json.path, (key,), under_root)
        to_default = remove_setting(config.json.path, (key,), "the default data root")
    yield Choose(
        question="which directory is the data root",
        options=(
            Choosable(
                name=under_root,
                evidence=(
                    Evidence(
                        docker.PROCESS, "resolves the path to this as a service, because its working directory is /"
                    ),
                ),
                actions=tuple(with_reload(units, [to_path])),
            ),
            Choosable(
                name=docker.DEFAULT_ROOT,
                evidence=(
                    Evidence(docker.PROCESS, "uses this by default, so images from before the setting are here"),
                ),
                actions=tuple(with_reload(units, [to_default])),
            ),
        ),
    )
