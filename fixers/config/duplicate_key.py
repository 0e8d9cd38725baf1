"""Keep one value of a key that occurs more than once."""

from collections.abc import Callable, Iterator
from typing import Any

from doctor.api import Action, Applicability, Evidence, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.files import EditFile
from doctor.facts.config.engine import DaemonJson
from doctor.facts.secrets.redact import as_json, conceal
from doctor.formats.config import daemon_json, json_edit


@fixer(applicability=Applicability.SAFE)
def duplicate_key(finding: Finding, file: DaemonJson) -> Iterator[Action]:
    """Remove the ignored values if all are equal; otherwise ask which value is meant."""
    key = finding.subject.name
    values = _values(file, key)
    if len(values) != json_edit.count(file.content, key):
        yield Advise(text=f"grep -n '\"{key}\"' {file.path} shows its lines: keep one")
    elif all(value == values[-1] for value in values):
        yield _keep(file, key, len(values) - 1, restart=False)
    else:
        yield Choose(
            question=f"which value of {key} in {file.path} is meant", options=tuple(_options(file, key, values))
        )


def _values(file: DaemonJson, key: str) -> list[Any]:
    return [value for found in daemon_json.read(file.content).duplicates if found.key == key for value in found.values]


def _options(file: DaemonJson, key: str, values: list[Any]) -> Iterator[Choosable]:
    for number in reversed(range(len(values))):
        counts = number == len(values) - 1
        yield Choosable(
            name="in-force" if counts else f"number-{number + 1}",
            evidence=(Evidence(f"{key}, number {number + 1} in {file.path}", as_json(conceal(key, values[number]))),),
            actions=(_keep(file, key, number, restart=not counts),),
        )


def _keep(file: DaemonJson, key: str, number: int, *, restart: bool) -> EditFile:
    return EditFile(
        path=file.path,
        edit=_kept(key, number),
        what=f"keep only value number {number + 1} of {key} in {file.path}",
        needs_engine_restart=restart,
    )


def _kept(key: str, number: int) -> Callable[[bytes], bytes]:
    def edit(old: bytes) -> bytes:
        return json_edit.keep_one(old, key, number)

    return edit
