"""Give a setting a valid value."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import remove_flag, remove_setting, set_flag, set_setting
from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.value_answers import PossibleValue, answers
from doctor.facts.config.values import NamedThings, ValueProblem


@fixer(applicability=Applicability.SAFE)
def invalid_value(
    finding: Finding, detail: ValueProblem, config: EngineConfig, things: NamedThings
) -> Iterator[Action]:
    """Set the value if only one can be meant; otherwise ask."""
    key = finding.subject.name
    options = []
    for answer in answers(detail, config, things):
        actions = tuple(_actions(answer, answer.key or key, config))
        if answer.is_sure:
            yield from actions
            return
        if actions:
            options.append(Choosable(name=answer.name, evidence=(Evidence(key, answer.why),), actions=actions))
    if options:
        yield Choose(question=f"which value {key} should have instead", options=tuple(options))
    else:
        yield Advise(
            text=f"edit {config.setting(key).place}: give {key} a valid value ({detail.why}), then dockerd --validate"
        )


def _actions(answer: PossibleValue, key: str, config: EngineConfig) -> Iterator[Action]:
    """Change the setting where it is set; yield nothing for a list or map set by flags, or a flag from no file."""
    setting = config.setting(key)
    flags = [flag for flag in config.flags.of_key(key) if flag.place is not None]
    if setting.origin == "flag":
        if len(flags) != 1 or isinstance(answer.value, list | dict) or flags[0].place is None:
            return
        place, name = flags[0].place, flags[0].name
        yield (
            remove_flag(place, name, restart=False)
            if answer.value is None
            else set_flag(place, name, _text(answer.value), restart=False)
        )
    elif answer.value is None:
        if key in config.json.value:
            yield remove_setting(config.json.path, (key,), answer.why, restart=False)
    else:
        yield set_setting(config.json.path, (key,), answer.value, restart=False)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
