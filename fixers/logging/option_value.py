"""Give a logging option a valid value."""

import re
from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Finding, Missing, fixer
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import with_reload
from doctor.api.actions.config.logging_settings import drop_options, readable_logging, set_option
from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.spelling import nearest
from doctor.facts.engine.control import EngineControl
from doctor.facts.engine.state import EngineVersion
from doctor.facts.engine.units import EngineUnits
from doctor.facts.logging.drivers import bad_values, default_driver, default_options

_SIZE = re.compile(r"\s*(\d+)\s*([kmgt])", re.IGNORECASE)
_MODES = ("blocking", "non-blocking")


@fixer(applicability=Applicability.SAFE)
def option_value(
    finding: Finding,
    config: EngineConfig,
    version: EngineVersion | Missing,
    control: EngineControl | Missing,
    units: EngineUnits | Missing,
) -> Iterator[Action]:
    """Set the value if only one can be meant; otherwise ask."""
    name, driver, options = finding.subject.name, default_driver(config), default_options(config)
    if name not in options:
        release = None if isinstance(version, Missing) else version.release
        yield Choose(
            question=f"which driver new containers should use ({driver} requires {name}, which doctor does not know)",
            options=(
                Choosable(
                    name="json-file",
                    evidence=(Evidence("json-file", "the engine's default, with rotation; it requires no option"),),
                    actions=tuple(with_reload(units, readable_logging(config, release, control))),
                ),
            ),
        )
        return
    found = [answer for answer in _answers(name, options) if name not in bad_values(driver, options | answer[1])]
    if found and found[0][3]:
        yield from with_reload(units, set_option(config, found[0][1]))
        return
    asked = [
        Choosable(
            name=choice, evidence=(Evidence(name, why),), actions=tuple(with_reload(units, set_option(config, changes)))
        )
        for choice, changes, why, _ in found
    ]
    gone = tuple(with_reload(units, drop_options(config, (name,), restart=True)))
    asked.append(
        Choosable(name="remove", evidence=(Evidence(driver, f"uses its default without {name}"),), actions=gone)
    )
    yield Choose(question=f"which value {name} of {driver} should have", options=tuple(asked))


def _answers(name: str, options: dict[str, str]) -> Iterator[tuple[str, dict[str, str], str, bool]]:
    """Yield the values that may be meant, as (answer, changed options, reason, whether it is the only possible one)."""
    value = options[name]
    size = _SIZE.match(value)
    if name.endswith("size") and size:
        text = f"{size[1]}{size[2].lower()}"
        yield text, {name: text}, f"'{value}' in the engine's notation for sizes", True
    if name == "max-buffer-size":
        yield "non-blocking", {"mode": "non-blocking"}, "the mode that uses a buffer", False
    if name == "mode":
        near = nearest(value, _MODES)
        for mode in near or _MODES:
            yield mode, {name: mode}, "a valid mode", len(near) == 1
    if name == "compress" and value in {"yes", "on", "no", "off"}:
        text = "true" if value in {"yes", "on"} else "false"
        yield text, {name: text}, f"'{value}' in the engine's notation for booleans", True
    if name == "compress":
        yield (
            "rotate",
            {"max-size": options.get("max-size", "10m"), "max-file": "3"},
            "rotated logs are compressed",
            False,
        )
        yield "false", {name: "false"}, "no log is compressed", False
    if name == "max-file":
        yield "3", {name: "3"}, "three files of each container are kept", False
        yield "1", {name: "1"}, "one file of each container is kept", False
