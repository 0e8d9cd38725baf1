"""Bring docker-proxy back, or do without it."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choose, Option
from doctor.api.actions.engine_settings import set_setting
from doctor.api.actions.files import allow_to_run
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.programs import EnginePrograms
from doctor.facts.host.package_commands import reinstall
from doctor.facts.host.packages import Packages, System


@fixer(applicability=Applicability.SAFE)
def docker_proxy_missing(
    programs: EnginePrograms,
    config: EngineConfig,
    system: System | Missing,
    packages: Packages | Missing,
) -> Iterator[Action]:
    """Make it executable where that is all it lacks; else name the package and offer to do without."""
    path, _, problem = programs.broken.get("docker-proxy", "").partition(": ")
    if problem == "not executable":
        yield allow_to_run(path)
        return
    bring = reinstall(system, packages, "engine")
    if config.flags.of_key("userland-proxy") or config.json.problem:
        yield Advise(text=bring)
        return
    yield Choose(
        question=f"whether published ports do without docker-proxy until this has brought it back: {bring}",
        options=(
            Option(
                name="without",
                evidence=(
                    Evidence(
                        "userland-proxy false", "ports work by NAT alone; a host's own 127.0.0.1:PORT may not answer"
                    ),
                ),
                actions=(set_setting(config.json.path, ("userland-proxy",), False),),
            ),
        ),
    )
