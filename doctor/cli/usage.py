"""Words for a command line that typer does not understand: one line, as for every other error."""

from typing import Any

from typer._click import exceptions as mistakes

from doctor.model.errors import UsageError


def explained(error: Any, command: str) -> UsageError:
    """Return the error for a mistake in a command line; ``command`` is its first word, "" without one."""
    names = _names(error.ctx) if error.ctx is not None else filter(None, [command])
    words = " ".join(["doctor", *names])
    see = f"see '{words} -h'"
    if isinstance(error, mistakes.NoSuchOption):
        near = " or ".join(f"'{one}'" for one in sorted(error.possibilities or ()) if one != "--help")
        return UsageError(
            f"there is no option '{error.option_name}'", do=f"did you mean {near}? {see}" if near else see
        )
    if isinstance(error, mistakes.MissingParameter):
        kind = getattr(error.param, "param_type_name", "") or "argument"
        name = error.param.human_readable_name if kind == "argument" and error.param else _long(error.param)
        return UsageError(f"{'option ' if kind == 'option' else ''}{name} is missing", do=see)
    text = error.format_message().rstrip(".")
    if text.startswith("No such command"):
        _, name, rest = text.split("'", 2)
        near = rest.partition("Did you mean ")[2]
        return UsageError(f"there is no command '{name}'", do=f"did you mean {near} {see}" if near else see)
    if text.startswith("Got unexpected extra argument"):
        extra = text.partition("(")[2].partition("(")[2].rstrip(")")
        do = (
            f"'doctor scan --select {extra.replace(' ', ',')}' runs only these checks"
            if words.endswith(" scan") and words.count(" ") == 1
            else see
        )
        return UsageError(f"'{words}' takes no argument '{extra}'", do=do)
    return UsageError(text[:1].lower() + text[1:], do=see)


def _names(context: Any) -> list[str]:
    names = []
    while context.parent is not None:
        names.append(context.info_name)
        context = context.parent
    return names[::-1]


def _long(parameter: Any) -> str:
    return str(max(getattr(parameter, "opts", [""]), key=len))
