"""``doctor quarantine``: list and delete the originals that repairs keep."""

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from doctor import __version__
from doctor.cli import unseen
from doctor.cli.common import SharedOptions, asked, is_terminal
from doctor.cli.repair_lock import at_work
from doctor.facts.host.resources import size
from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.model.exit_code import ExitCode
from doctor.model.text import plural, visible
from doctor.repair.quarantine.kept import Holding, holdings, on_machine
from doctor.repair.quarantine.purge import Selection, age, select
from doctor.repair.quarantine.purge import purge as delete
from doctor.state.paths import runs_dir

_HOUR_S = 3600


def list_all(format_name: str, shared: SharedOptions) -> int:
    """Print the runs with kept originals, oldest first; return the exit code."""
    _refuse_format(format_name)
    is_blind = unseen.warn("repairs", shared)
    found = holdings()
    now = time.time()
    if format_name == "json":
        _print_json({"runs": [_fields(one, now) for one in found], "bytes": sum(one.size_bytes for one in found)})
    elif not shared.quiet:
        print("\n".join(_text(found, now, shared) if found or not is_blind else ()))
    return ExitCode.INCOMPLETE if is_blind else ExitCode.OK


def purge(runs: Sequence[str], older_than: str, format_name: str, shared: SharedOptions, *, yes: bool) -> int:
    """Delete the originals of the chosen runs; return the exit code."""
    _refuse_format(format_name)
    limit = age(older_than) if older_than else None
    if not os.path.isdir(runs_dir()):
        unseen.refuse("repairs")
        if runs:
            raise RefusedError("there is no quarantine: no repair was made")
    unseen.warn("repairs", shared)
    with at_work(shared):
        now = time.time()
        chosen = select(holdings(), runs, limit, now)
        for one, why in chosen.kept:
            shared.progress(f"run {one.run.name} is kept: {why}")
        if chosen.chosen and not yes:
            _ask(chosen.chosen, now)
        return _carry_out(chosen, format_name, shared, now)


def _carry_out(chosen: Selection, format_name: str, shared: SharedOptions, now: float) -> int:
    left: dict[str, str] = {}
    done: list[dict[str, Any]] = []
    for one in chosen.chosen:
        shared.progress(f"deleting the quarantine of run {one.run.name} ({_size(one)})")
        try:
            remains = delete(one)
        except DoctorError as error:
            remains = {one.run.path: str(error)}
        left.update({on_machine(place, one.root): why for place, why in remains.items()})
        done.append({**_fields(one, now), "remaining": sorted(on_machine(place, one.root) for place in remains)})
    if format_name == "json":
        kept = [{"run": one.run.name, "why": visible(why)} for one, why in chosen.kept]
        _print_json({"purged": done, "kept": kept, "bytes": sum(one.size_bytes for one in chosen.chosen)})
    elif not chosen.chosen:
        shared.progress("nothing was deleted")
    elif not shared.quiet and not left:
        print(f"the quarantine of {plural(len(done), 'run')} is deleted: {_total(chosen.chosen)} freed")
    for place, why in left.items():
        print(visible(f"not deleted: {place}: {why}"), file=sys.stderr)
    return ExitCode.FOUND if left else ExitCode.OK


def _ask(chosen: Sequence[Holding], now: float) -> None:
    """Show what would be deleted and which undo stops working, and ask once."""
    print("\n".join(_table(chosen, now, verbose=False)))
    needed = [one for one in chosen if one.is_needed]
    if needed:
        lost = sum(len({item.path for item in one.items if item.path}) for one in needed)
        print(
            f"  !  {plural(lost, 'path')} can't be restored afterwards: "
            f"{', '.join(one.run.name for one in needed)} can no longer be undone completely"
        )
    if not is_terminal(sys.stdin):
        raise RefusedError("can't ask for confirmation: standard input is not a terminal", do="add --yes")
    if not asked(f"Delete {_total(chosen)} for good? [y/N] "):
        raise RefusedError("nothing was deleted: you answered no")


def _refuse_format(name: str) -> None:
    if name not in {"text", "json"}:
        raise UsageError(f"'doctor quarantine' does not support format '{name}'", do="choose text or json")


def _text(found: Sequence[Holding], now: float, shared: SharedOptions) -> list[str]:
    if not found:
        return ["the quarantine is empty"]
    lines = _table(found, now, verbose=shared.verbose)
    free = [one for one in found if one.items and not one.is_needed and not one.blocked]
    lines.append(f"{_total(found)} in {plural(len(found), 'run')}; {_total(free)} of it no undo needs")
    if any(one.items for one in found):
        lines.append("'doctor quarantine purge' deletes that; --run RUN or --older-than 30d deletes more")
    return lines


def _table(found: Sequence[Holding], now: float, *, verbose: bool) -> list[str]:
    lines = []
    for one in found:
        lines.append(
            visible(
                f"{one.run.name:<20} {_age(one, now):>5} {_size(one):>18}  {one.result:<12} {_use(one):<28} {one.root}"
            )
        )
        if verbose:
            lines += [visible(f"    {item.path or '?'}: {on_machine(item.place, one.root)}") for item in one.items]
    return lines


def _use(one: Holding) -> str:
    if one.purged and not one.items:
        return "purged"
    if one.blocked:
        return "the only copy"
    if one.purged:
        return "purged in part"
    return "an undo needs it" if one.is_needed else "no undo needs it"


def _age(one: Holding, now: float) -> str:
    if not one.started:
        return "?"
    hours = int(max(now - one.started, 0)) // _HOUR_S
    return f"{hours}h" if hours < 48 else f"{hours // 24}d"


def _size(one: Holding) -> str:
    return f"{'at least ' if one.is_partial else ''}{_exact(one.size_bytes)}"


def _total(found: Sequence[Holding]) -> str:
    partial = any(one.is_partial for one in found)
    return f"{'at least ' if partial else ''}{_exact(sum(one.size_bytes for one in found))}"


def _exact(count: int) -> str:
    return size(count) if count >= 1 << 20 else f"{-(-count // 1024)} KiB"


def _fields(one: Holding, now: float) -> dict[str, Any]:
    return {
        "run": one.run.name,
        "root": visible(one.root),
        "started": _time(one.started),
        "age_seconds": int(max(now - one.started, 0)) if one.started else None,
        "result": one.result,
        "bytes": one.size_bytes,
        "is_partial": one.is_partial,
        "undo_needs_it": one.is_needed,
        "blocked": visible(one.blocked),
        "purged": _time(one.purged),
        "items": [
            {"path": visible(item.path), "place": visible(on_machine(item.place, one.root))} for item in one.items
        ],
    }


def _time(seconds: float) -> str | None:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else None


def _print_json(document: dict[str, Any]) -> None:
    import json

    print(json.dumps({"schema_version": "1", "kind": "quarantine", "doctor": __version__, **document}, indent=1))
