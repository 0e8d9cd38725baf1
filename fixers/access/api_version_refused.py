"""Ask whether the engine accepts older clients, or advise how to set the client's version."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, fixer
from doctor.api.actions.advice import Advise, set_aside
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import set_setting
from doctor.facts.access.api_versions import ApiRefusals, Refusal, word
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineVersion

_OLDEST = (1, 24)
"""No engine of this time accepts an older one."""


@fixer(applicability=Applicability.SAFE)
def api_version_refused(
    detail: Refusal, refusals: ApiRefusals, config: EngineConfig, version: EngineVersion
) -> Iterator[Action]:
    """Set min-api-version if the user chooses so and this engine has it; a newer image is the better repair."""
    asked, name = word(detail.asked), detail.container
    if detail.is_pinned or not detail.is_old:
        right = word(refusals.newest)
        yield Advise(
            text=f"{set_aside(name)}; create {name} again with -e DOCKER_API_VERSION={right}, or from a newer image"
        )
        return
    upgrade = f"pull a newer image; {set_aside(name)}; create {name} again from the new image"
    if not version.at_least(29) or detail.asked < _OLDEST or config.is_set("min-api-version"):
        yield Advise(text=f"{upgrade}; or systemctl edit docker: [Service] Environment=DOCKER_MIN_API_VERSION={asked}")
        return
    yield Choose(
        question=f"whether the engine accepts API {asked} again (the better repair: {upgrade})",
        options=(
            Choosable(
                name=f"min-api-version-{asked}",
                evidence=(Evidence(detail.source, detail.line),),
                actions=(set_setting(config.json.path, ("min-api-version",), asked),),
            ),
        ),
    )
