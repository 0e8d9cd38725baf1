"""Start of a container whose start failed earlier and whose cause is gone."""

from collections.abc import Iterator

from doctor.api.actions.base import Intention
from doctor.formats.json_safe import load_first
from doctor.formats.json_values import mapping
from doctor.formats.text import encode
from doctor.model.action import Stage
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath
from doctor.model.severity import Applicability
from doctor.model.step import Answer, Run, Step
from doctor.model.view import View


class StartContainer(Intention, frozen=True, kw_only=True):
    """Start a container, as its restart policy asks; undo stops it.

    It is disruptive, because the program works on its data from then on, and its ports are open.

    Attributes:
        identity: its id; ``name`` its name, ``config_path`` its config.
        reason: why the start succeeds now, as a sentence without a full stop.
    """

    identity: str
    name: str
    config_path: HostPath
    reason: str
    risk: Applicability = Applicability.DISRUPTIVE
    stage: Stage = Stage.AFTER

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"start container {self.name}: {self.reason}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the command; the engine removes the error from the container's config."""
        import json  # noqa: PLC0415 - only for a plan with this action

        predicts: tuple[Answer, ...] = ()
        try:
            config = load_first(view.read(self.config_path, follow=False, limit_bytes=16 << 20)).value
            mapping(mapping(config).get("State"))["Error"] = ""
            predicts = (Answer(ask=("READ", self.config_path), stdout=encode(json.dumps(config))),)
        except (HostError, FormatError):
            pass
        yield Run(
            argv=("docker", "start", self.identity),
            undo=(("docker", "stop", self.identity),),
            timeout_s=90.0,
            predicts=predicts,
        )
