"""Answers ``doctor __complete WORD…``: the last word is the incomplete one.

The format is that of cobra, because the docker command passes the answer of a plugin to the shell as it is: a line for each
value, with a tab before its description, and at the end a line with a colon and a number that says what the shell does
(github.com/spf13/cobra, completions.go). docs/decisions/0056 has the reasons.
"""

import gc
import os
from contextlib import suppress
from signal import ITIMER_REAL, SIGALRM, setitimer, signal
from typing import Any

from doctor.cli.completion.values import FILES, Values, names, values_of

_LIMIT_S = 2.0
"""A slower answer is empty: a shell waits for it, and the disk may be dead."""


def answer(words: list[str], *, described: bool) -> int:
    """Print the answer and return 0, also for an empty answer: a shell shows no error of a completion."""
    gc.disable()  # the process ends before a collection pays
    *before, incomplete = words or [""]
    found = Values()
    with suppress(*(() if os.environ.get("DOCTOR_TRACEBACK") else (Exception, SystemExit))):
        signal(SIGALRM, _late)
        setitimer(ITIMER_REAL, _LIMIT_S)
        found = _values(before, incomplete)
        setitimer(ITIMER_REAL, 0)
    for value, about in found.items:
        print(f"{value}\t{about}" if about and described else value)
    print(f":{found.directive}")
    return 0


def _late(*_: object) -> None:
    raise TimeoutError


def _values(before: list[str], incomplete: str) -> Values:
    import typer
    from typer._click import shell_completion

    from doctor.cli.app import app, build

    build(next((word for word in before if not word.startswith("-")), ""))
    command: Any = typer.main.get_command(app)
    context: Any = shell_completion._resolve_context(command, {}, "doctor", before)  # noqa: SLF001 - the parser's own view
    thing, rest = shell_completion._resolve_incomplete(context, before, incomplete)  # noqa: SLF001
    if not context.allow_interspersed_args and any(context.params.get(one.name) for one in _arguments(context)):
        return Values((), FILES)  # the words are those of another program
    if thing is context.command:
        return names(thing.shell_complete(context, rest), context)
    found = values_of(context, thing, rest)
    # "--format=js": bash, zsh and fish replace the whole word.
    joined = incomplete.removesuffix(rest) if incomplete.startswith("--") and rest != incomplete else ""
    return found.after(joined)


def _arguments(context: Any) -> list[Any]:
    return [one for one in context.command.params if one.param_type_name == "argument"]
