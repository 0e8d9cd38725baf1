"""Move options to the place where the engine reads them, or comment them out."""

from collections.abc import Callable, Iterator
from typing import Any

from doctor.api import Action, Applicability, Evidence, fixer
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import set_setting
from doctor.api.actions.files import EditFile
from doctor.facts.config.engine import EngineConfig, UnreadVariable
from doctor.facts.config.flag_values import from_flags
from doctor.facts.config.keys import fits
from doctor.facts.config.options import OPTIONS
from doctor.facts.secrets.redact import revealed
from doctor.formats.config import flags, words
from doctor.model.text import in_words


@fixer(applicability=Applicability.SAFE)
def options_unread(detail: UnreadVariable, config: EngineConfig) -> Iterator[Action]:
    """Ask whether the options are still wanted: they would take effect for the first time."""
    cleared = EditFile(
        path=detail.file,
        edit=_commented(detail.line, detail.name),
        what=f"comment out {detail.name} in {detail.file}, line {detail.line}",
    )
    options = [
        Choosable(
            name="comment", evidence=(Evidence(detail.reader, "does not read it: nothing changes"),), actions=(cleared,)
        )
    ]
    wanted = _settings(detail, config)
    if wanted:
        moved = tuple(set_setting(config.json.path, (key,), value) for key, value in wanted.items())
        options.insert(
            0,
            Choosable(
                name="daemon.json",
                evidence=(Evidence(config.json.path, f"gets {in_words(wanted)}, with effect for the first time"),),
                actions=(*moved, cleared),
            ),
        )
    yield Choose(question=f"whether the options in {detail.name} of {detail.file} are wanted", options=tuple(options))


def _settings(unread: UnreadVariable, config: EngineConfig) -> dict[str, Any]:
    """Return the options as settings; {} if one can't be a setting, is already set, or opens the engine to others."""
    line = flags.parse([word.text for word in words.split(revealed(unread.value), escapes=False)])
    given: dict[str, list[str]] = {}
    for flag in line.flags:
        given.setdefault(flags.config_key(flag.name), []).append(flag.value)
    found = {key: from_flags(key, tuple(values)) for key, values in given.items()}
    for key, value in found.items():
        option = OPTIONS.get(key)
        if (
            option is None
            or option.removed
            or key in {"hosts", "config-file"}
            or config.is_set(key)
            or not fits(key, value)
        ):
            return {}
    return {} if line.arguments or config.json.problem else found


def _commented(number: int, name: str) -> Callable[[bytes], bytes]:
    def edit(old: bytes) -> bytes:
        lines = old.split(b"\n")
        if 0 < number <= len(lines) and name.encode() + b"=" in lines[number - 1]:
            lines[number - 1] = b"# " + lines[number - 1]
        return b"\n".join(lines)

    return edit
