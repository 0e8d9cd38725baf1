"""Man pages from the command line itself: one for doctor, one for each command, one for the runtime.

``python -m packages.man DIR`` writes them. They use the macros of man(7), which groff, mandoc and BusyBox's readers know.
"""

import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from doctor import __version__
from doctor.cli import app as command_line
from doctor.runtime.cli import HELP

_SHARED = ("verbose", "quiet", "color")
_FILES = {
    "/etc/doctor/doctor.toml": "settings; the file need not exist",
    "/var/lib/doctor": "history, metadata backups, and the journals and originals that doctor undo needs; only root can read them",
}
_ENVIRONMENT = {
    "DOCTOR_CONFIG": "the settings file, instead of /etc/doctor/doctor.toml",
    "DOCTOR_STATE_DIR": "the directory of doctor's own files, instead of /var/lib/doctor",
    "NO_COLOR": "no colours, whatever the value is",
    "DOCTOR_TRACEBACK": "the traceback of an error of doctor itself",
}


def pages(date: str) -> dict[str, str]:
    """Return the text of each page by its file name; ``date`` as in 2026-11-30."""
    command_line.build("")
    app: Any = typer.main.get_command(command_line.app)
    names = [f"doctor-{name}" for name in app.commands]
    found = {"doctor.1": _main(app, names, date)}
    for name, command in app.commands.items():
        found[f"doctor-{name}.1"] = _command(command, name, date, sorted({*names, "doctor"} - {f"doctor-{name}"}))
    found["doctor-runtime.1"] = _runtime(date)
    return found


def _main(app: Any, names: list[str], date: str) -> str:
    about, examples = _split(app.help)
    summary, _, commands = about.partition("\n\n")
    lines = [*_head("doctor", "find out why a container host is broken, and repair it", date)]
    lines += [
        ".SH SYNOPSIS",
        ".B doctor",
        "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARG\\fR...]",
        ".br",
        ".B docker doctor",
    ]
    lines += ["[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARG\\fR...]"]
    lines += [".SH DESCRIPTION", *_text(summary), ".PP", *_example((commands or examples).removeprefix("\b"))]
    lines += [".SH COMMANDS"]
    for name, command in app.commands.items():
        lines += [".TP", f".BR doctor\\-{name} (1)", _plain(command.get_short_help_str(200))]
    lines += [".SH OPTIONS", *_options(app)]
    lines += [".SH EXIT STATUS"]
    for code, meaning in re.findall(r"^ {2}(\d+) +(.+)$", app.epilog, re.MULTILINE):
        lines += [".TP", f".B {code}", _plain(meaning)]
    lines += [".SH FILES"]
    for path, meaning in _FILES.items():
        lines += [".TP", f".I {_plain(path)}", _plain(meaning)]
    lines += [".SH ENVIRONMENT"]
    for variable, meaning in _ENVIRONMENT.items():
        lines += [".TP", f".B {variable}", _plain(meaning)]
    return _end(lines, [*names, "doctor-runtime", "docker"])


def _command(command: Any, name: str, date: str, others: list[str]) -> str:
    about, examples = _split(command.help)
    summary = command.get_short_help_str(200).rstrip(".")
    lines = _head(f"doctor-{name}", f"{summary[0].lower()}{summary[1:].partition('. ')[0]}", date)
    inner: dict[str, Any] = getattr(command, "commands", {})
    lines += [".SH SYNOPSIS"]
    if not inner or command.invoke_without_command:
        lines += _synopsis(f"doctor {name}", command)
    for word, one in inner.items():
        lines += [*([".br"] if lines[-1] != ".SH SYNOPSIS" else []), *_synopsis(f"doctor {name} {word}", one)]
    lines += [".SH DESCRIPTION", *_text(about)]
    if not inner:
        lines += [*_arguments(command), ".SH OPTIONS", *_options(command)]
    else:
        lines += [".SH COMMANDS"]
    for word, one in inner.items():
        inner_about, inner_examples = _split(one.help)
        lines += [f".SS {name} {word}", *_text(inner_about), *_arguments(one), *_options(one)]
        examples += f"\n{inner_examples}" if inner_examples else ""
    if examples.strip():
        kept = dict.fromkeys(line for line in examples.splitlines() if line.strip())
        lines += [".SH EXAMPLES", *_example("\n".join(kept))]
    lines += [".SH EXIT STATUS", "See", ".BR doctor (1)."]
    return _end(lines, others)


def _runtime(date: str) -> str:
    synopsis, _, rest = HELP.partition("\n\n")
    lines = _head("doctor-runtime", "run containers without a daemon", date)
    lines += [".SH SYNOPSIS", ".nf", *(_plain(line[7:]) for line in synopsis.splitlines()), ".fi"]
    return _end(
        [*lines, ".SH DESCRIPTION", ".nf", *map(_plain, rest.strip().splitlines()), ".fi"], ["doctor", "doctor-run"]
    )


def _head(name: str, summary: str, date: str) -> list[str]:
    title = name.upper().replace("-", "\\-")
    return [
        f'.TH {title} 1 {date} "doctor {__version__}" "User Commands"',
        ".SH NAME",
        f"{_plain(name)} \\- {_plain(summary)}",
    ]


def _end(lines: list[str], others: list[str]) -> str:
    lines.append(".SH SEE ALSO")
    lines += [f".BR {_plain(name)} (1){',' if name != others[-1] else ''}" for name in others]
    return "\n".join(lines) + "\n"


def _split(help_text: str) -> tuple[str, str]:
    """Return a help text and its examples, which follow a backspace (typer keeps the lines of such a paragraph)."""
    text = inspect.cleandoc(help_text or "")
    kept, examples = [], []
    for paragraph in text.split("\n\n"):
        is_kept = paragraph.startswith("\b")
        lines = paragraph.removeprefix("\b").strip("\n")
        if is_kept and lines.startswith(("Examples:", "Example:")):
            examples.append(lines.partition("\n")[2])
        else:
            kept.append(f"\b{lines}" if is_kept else lines)
    return "\n\n".join(kept), "\n".join(examples)


def _text(about: str) -> Iterator[str]:
    for number, paragraph in enumerate(about.split("\n\n")):
        if paragraph.startswith("\b"):
            yield from (".PP", *_example(paragraph[1:]))
        else:
            yield from ([".PP"] if number else [])
            # A sentence begins on a line of its own: a formatter then spaces them itself.
            yield from re.sub(r"(?<=[.:]) (?=[A-Z-])", "\n", _plain(" ".join(paragraph.split()))).split("\n")


def _example(text: str) -> Iterator[str]:
    if text.strip():
        yield from (".RS 4", ".nf", *map(_plain, textwrap.dedent(text).strip("\n").splitlines()), ".fi", ".RE")


def _synopsis(words: str, command: Any) -> list[str]:
    arguments = [_metavar(one) for one in command.params if one.param_type_name == "argument"]
    return [f".B {_plain(words)}", " ".join(["[\\fIOPTIONS\\fR]", *map(_plain, arguments)])]


def _metavar(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return str(name if argument.required or name.startswith("[") else f"[{name}]")


def _arguments(command: Any) -> Iterator[str]:
    for one in command.params:
        if one.param_type_name == "argument" and getattr(one, "help", ""):
            yield from (".TP", f".I {_plain(_metavar(one).strip('[]'))}", _plain(one.help))


def _options(command: Any) -> Iterator[str]:
    for one in command.params:
        if one.param_type_name != "option" or one.hidden:
            continue
        names = sorted([*one.opts, *one.secondary_opts], key=len)
        value = f" \\fI{_plain(one.metavar)}\\fR" if one.metavar else ""
        yield ".TP"
        yield ", ".join(f"\\fB{_plain(name)}\\fR" for name in names) + value
        yield _plain(one.help or "")
    if not any(one.name == "help" for one in command.params):
        yield from (".TP", "\\fB\\-h\\fR, \\fB\\-\\-help\\fR", "Show the help and exit.")


def _plain(text: str) -> str:
    r"""Return text that roff reads as it is.

    >>> print(_plain(r".x \ -a …"))
    \&.x \e \-a \[u2026]
    """
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    text = "".join(letter if letter.isascii() else f"\\[u{ord(letter):04X}]" for letter in text)
    return f"\\&{text}" if text.startswith(".") else text


def main() -> int:
    """Write the pages."""
    top = Path(sys.argv[1])
    top.mkdir(parents=True, exist_ok=True)
    for name, text in pages(sys.argv[2] if sys.argv[2:] else "2026-01-01").items():
        (top / name).write_text(text, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
