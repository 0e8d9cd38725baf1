"""Options that several commands take, and the two that go with every one."""

from typing import Annotated, Any

import typer

Root = Annotated[
    str, typer.Option("--root", metavar="DIR", help="Examine the host mounted at DIR instead of this one.")
]
DataRoot = Annotated[
    str,
    typer.Option(
        "--data-root", metavar="DIR", help="Examine a directory that was a host's /var/lib/docker, without the host."
    ),
]
Format = Annotated[
    str, typer.Option("--format", "-f", metavar="FORMAT", help="text, json, html, … ('doctor list formats').")
]
Output = Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Write the report to FILE.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show passed checks, sources and more.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors; read the exit code.")]
Color = Annotated[str, typer.Option("--color", metavar="WHEN", help="auto, always or never (NO_COLOR is honoured).")]
Select = Annotated[str, typer.Option("--select", metavar="ID-or-area[,…]", help="Only these checks.")]
Skip = Annotated[str, typer.Option("--skip", metavar="ID-or-area[,…]", help="Not these checks.")]
Allow = Annotated[
    str,
    typer.Option(
        "--allow",
        metavar="RISK",
        help="The most a repair may cost: safe, disruptive (something restarts) or destructive.",
    ),
]


def shared_options(context: typer.Context, verbose: bool, quiet: bool, color: str) -> Any:
    """Return what -v, -q and --color say, before or behind the command."""
    from doctor.cli.common import Shared

    given = context.obj or {}
    return Shared.make(
        verbose=verbose or given.get("verbose", False),
        quiet=quiet or given.get("quiet", False),
        color=color if color != "auto" else given.get("color", "auto"),
    )
