"""Options shared by several commands, and those of every command."""

from typing import Annotated, Any

import typer

from doctor.engines.docker import places as docker


def given(context: typer.Context, parameter: typer.CallbackParam, value: str) -> str:
    """Return a value that is not empty: --root "$DISK" with an empty variable must not examine, or repair, this host."""
    if not value and str(context.get_parameter_source(parameter.name or "")) == "ParameterSource.COMMANDLINE":
        from doctor.model.errors import UsageError

        word = parameter.opts[0] if parameter.opts[0].startswith("-") else str(parameter.metavar).strip("[]")
        raise UsageError(f"{word} is empty", do="name what is meant, or leave it out")
    return value


ForEngine = Annotated[
    str,
    typer.Option(
        "--for-engine",
        metavar="VERSION",
        help="Judge an upgrade of the engine to this release (29, or 28.5.2) instead of the host as it is.",
    ),
]
Root = Annotated[
    str,
    typer.Option("--root", metavar="DIR", callback=given, help="Examine the host mounted at DIR instead of this one."),
]
Bundle = Annotated[
    str,
    typer.Option(
        "--bundle",
        metavar="FILE",
        callback=given,
        help="Judge the host of this bundle ('doctor bundle') instead of this one.",
    ),
]
DataRoot = Annotated[
    str,
    typer.Option(
        "--data-root", metavar="DIR", callback=given, help=f"Examine a copy of {docker.DEFAULT_ROOT} without its host."
    ),
]
Format = Annotated[
    str, typer.Option("--format", "-f", metavar="FORMAT", help="Report format; see 'doctor list formats'.")
]
Output = Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Write the report to FILE.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show passed checks, sources and more.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors; the exit code has the result.")]
Color = Annotated[str, typer.Option("--color", metavar="WHEN", help="auto, always or never (NO_COLOR is honoured).")]
Select = Annotated[str, typer.Option("--select", metavar="ID-or-area[,…]", help="Run only these checks.")]
Skip = Annotated[str, typer.Option("--skip", metavar="ID-or-area[,…]", help="Skip these checks.")]
Allow = Annotated[
    str,
    typer.Option(
        "--allow",
        metavar="RISK",
        help="Maximum risk of a repair: safe, disruptive (something restarts) or destructive.",
    ),
]


def shared_options(context: typer.Context, verbose: bool, quiet: bool, color: str) -> Any:
    """Return the values of -v, -q and --color, given before or after the command."""
    from doctor.cli.common import SharedOptions

    given = context.obj or {}
    return SharedOptions.make(
        verbose=verbose or given.get("verbose", False),
        quiet=quiet or given.get("quiet", False),
        color=color if color != "auto" else given.get("color", "auto"),
    )
