"""Restore docker-proxy, or configure the engine to work without it."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import set_setting
from doctor.api.actions.files import allow_to_run
from doctor.engines.docker import places as docker
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
    """Make the file executable if that is its only fault; otherwise show the package and offer to work without it."""
    path, problem = programs.problem(docker.PROXY)
    if problem == "not executable":
        yield allow_to_run(path)
        return
    bring = reinstall(system, packages, "engine")
    if config.flags.of_key("userland-proxy") or config.json.problem:
        yield Advise(text=bring)
        return
    yield Choose(
        question=f"whether the engine should publish ports without docker-proxy until it is reinstalled ({bring})",
        options=(
            Choosable(
                name="without",
                evidence=(
                    Evidence(
                        "userland-proxy false", "ports work by NAT only; 127.0.0.1:PORT on the host may not answer"
                    ),
                ),
                actions=(set_setting(config.json.path, ("userland-proxy",), False),),
            ),
        ),
    )
