"""Correct the JSON of the settings file."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import repair_json
from doctor.api.actions.files import Quarantine, WriteFile
from doctor.facts.config.engine import DaemonJson
from doctor.facts.config.lost import LostSettings
from doctor.facts.host.mounts import Mounts
from doctor.facts.secrets.redact import as_json
from doctor.model.step import Meta
from doctor.model.text import holdings


@fixer(applicability=Applicability.SAFE)
def invalid_json(file: DaemonJson, mounts: Mounts | Missing, lost: LostSettings | Missing) -> Iterator[Action]:
    """Make the smallest change if only one is possible; move a directory in its place to quarantine.

    Otherwise ask: a copy beside it, or the smallest file with which the engine uses a data root that is known.
    """
    if file.is_repairable:
        yield repair_json(file)
    elif file.is_directory and isinstance(mounts, Mounts) and any(mounts.beneath(file.path)):
        yield Advise(
            text=f"findmnt {file.path} shows what is mounted there: umount {file.path}, then 'doctor fix --apply'"
        )
    elif file.is_directory:
        # 'docker run -v' creates a directory if its source file is missing.
        yield Quarantine(path=file.path, why="it is a directory in place of the settings file")
    elif options := tuple(_options(file, lost)) if isinstance(lost, LostSettings) else ():
        yield Choose(question=f"which settings replace those of {file.path}, which can't be read", options=options)
    else:
        yield Advise(
            text=f"edit {file.path} at {file.where or 'its beginning'}, then dockerd --validate --config-file {file.path}"
        )


def _options(file: DaemonJson, lost: LostSettings) -> Iterator[Choosable]:
    for copy in lost.copies:
        evidence = Evidence(copy.path, f"valid, with {', '.join(copy.keys)}")
        name = copy.path.rpartition("/")[2]
        yield Choosable(
            name=name,
            evidence=(evidence,),
            actions=_replace(file, copy.content, lost.meta, f"as in {copy.path}"),
        )
    known = [root for root in lost.roots if root.holds_anything] or list(lost.roots[:1])
    for root in known:
        yield Choosable(
            name=f"{root.path}:{root.driver}" if root.driver else root.path,
            evidence=(
                Evidence("data root", f"{root.path}: {holdings(root.images, root.containers)}"),
                Evidence("named by", ", ".join(root.sources)),
                Evidence("settings", as_json(root.settings)),
            ),
            actions=_replace(file, root.content, lost.meta, f"with {', '.join(root.settings) or 'no setting'}"),
        )


def _replace(file: DaemonJson, content: bytes, meta: Meta | None, words: str) -> tuple[Action, ...]:
    return (
        Quarantine(path=file.path, why="nothing in it can be read"),
        # A file with passwords stays closed to others.
        WriteFile(path=file.path, content=content, meta=meta, what=f"write a valid {file.path} {words}"),
    )
