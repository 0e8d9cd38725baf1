"""Options and help of ``doctor fleet``."""

from typing import Annotated

import typer

from doctor.cli.options.shared import Color, Output, Quiet, Verbose, shared_options

Places = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="DIR|FILE…",
        help="Directories and files with JSON reports of 'doctor scan', plain or compressed with gzip, and bundles of 'doctor bundle'.",
        show_default=False,
    ),
]
Since = Annotated[
    str,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Show what changed since then: 12h, 7d, or a date such as 2026-11-23.",
    ),
]
StaleAfter = Annotated[
    str,
    typer.Option(
        "--stale-after", metavar="TIME", help="A host whose newest report is older is incomplete: 36h, 8d, never."
    ),
]
Hosts = Annotated[
    str,
    typer.Option("--hosts", metavar="FILE", help="Names of all hosts, one a line: those without a report are named."),
]
FleetFormat = Annotated[
    str,
    typer.Option("--format", "-f", metavar="FORMAT", help="text, json, html or prometheus."),
]


def fleet(
    context: typer.Context,
    places: Places = None,
    since: Since = "",
    stale_after: StaleAfter = "2d",
    expected: Hosts = "",
    format: FleetFormat = "text",  # noqa: A002
    output: Output = "",
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Merge the reports of many hosts: by problem, host and version.

    Of several reports of a host the newest counts; the earlier ones show what is spreading. A host is healthy only if its report says
    so. The exit code is that of the worst host; a stale report or a file that can't be read makes it 3, if no host has a problem.

    \b
    Examples:
      doctor fleet reports/
      doctor fleet reports/ --since 7d
      doctor fleet reports/ --hosts names.txt --format html -o fleet.html
      doctor fleet web-*.json.gz --format prometheus -o fleet.prom
    """
    from doctor.cli.commands.fleet import command as body

    options = body.FleetWords(
        places=tuple(places or ()),
        since=since,
        stale_after=stale_after,
        expected=expected,
        format=format,
        output=output,
    )
    raise typer.Exit(body.run(options, shared_options(context, verbose, quiet, color)))
