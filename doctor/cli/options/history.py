"""Options and help of ``doctor history``."""

from typing import Annotated

import typer

from doctor.cli.options.shared import Color, Format, Output, Quiet, Verbose, shared_options

history = typer.Typer(
    help="""Show kept scans, and what changed between two of them.

    A scan of this host with all checks is kept, for as long as [history] in the settings says. SCAN is a number, 'last', or
    a time: then it is the last scan up to it. Times are UTC.

    \b
    Examples:
      doctor history list --since 7d
      doctor history show 12
      doctor history diff 2026-11-30 last
    """,
    short_help="Show kept scans, and what changed between two of them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


_TextOrJson = Annotated[str, typer.Option("--format", "-f", metavar="FORMAT", help="text or json.")]
_Host = Annotated[str, typer.Option("--host", metavar="NAME", help="Only scans of the host with this name.")]


@history.command("list")
def history_list(
    context: typer.Context,
    host: _Host = "",
    since: Annotated[
        str, typer.Option("--since", metavar="SCAN", help="The first scan: a number, 2026-11-30, or 7d for its age.")
    ] = "",
    until: Annotated[str, typer.Option("--until", metavar="SCAN", help="The last scan, in the same way.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", metavar="N", help="At most so many, 0 for all.")] = 20,
    format: _TextOrJson = "text",  # noqa: A002 - the option's name
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """List kept scans, newest first.

    'change' compares with the scan before: +2 -1 means that two findings are new and one is gone; '=' that there is no change; '?' that it is unknown.

    \b
    Examples:
      doctor history list
      doctor history list --since 2026-11-01 --until 2026-11-30 --limit 0
      doctor history list --since 12 --format json
    """
    from doctor.cli.commands.history import command as body

    options = body.ListOptions(host=host, since=since, until=until, limit=limit, format=format)
    raise typer.Exit(body.list_all(options, shared_options(context, verbose, quiet, color)))


@history.command("show")
def history_show(
    context: typer.Context,
    scan: Annotated[str, typer.Argument(metavar="[SCAN]", help="Default: the last one.")] = "",
    host: _Host = "",
    format: Format = "text",  # noqa: A002 - the option's name
    output: Output = "",
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Show the report of a kept scan as it was.

    \b
    Examples:
      doctor history show
      doctor history show 12 --format json
      doctor history show '2026-11-30 02:00'
    """
    from doctor.cli.commands.history import command as body

    raise typer.Exit(body.show(scan, host, format, output, shared_options(context, verbose, quiet, color)))


@history.command("diff")
def history_diff(
    context: typer.Context,
    scans: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SCAN [SCAN]]",
            help="Default: the last two; one is compared with the last.",
        ),
    ] = None,
    host: _Host = "",
    format: _TextOrJson = "text",  # noqa: A002 - the option's name
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Show what changed from one kept scan to another.

    Findings are new, worse, waived, no longer waived, gone or unchanged; versions that changed come first. A finding whose check did not run completely in a scan is listed as not examined there, never as new or gone.

    \b
    Examples:
      doctor history diff
      doctor history diff 12
      doctor history diff 7d last --format json
    """
    from doctor.cli.commands.history import difference as body
    from doctor.model.errors import UsageError

    words = tuple(scans or ())
    if len(words) > 2:
        raise UsageError("more than two scans", do="name the earlier and the later one")
    raise typer.Exit(body.run(words, host, format, shared_options(context, verbose, quiet, color)))
