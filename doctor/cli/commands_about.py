"""The commands that tell: what there is, what it means, what earlier scans saw, and when the next one is."""

from typing import Annotated

import typer

from doctor.cli.arguments import Color, Output, Quiet, Verbose, shared_options


def list_all(
    context: typer.Context,
    kind: Annotated[
        str, typer.Argument(metavar="[KIND]", help="checks, fixers, probes, formats or plugins; all by default.")
    ] = "",
    format: Annotated[str, typer.Option("--format", "-f", metavar="FORMAT", help="text or json.")] = "text",  # noqa: A002
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """List checks, fixers, probes, report formats and plugins, those refused included.

    \b
    Examples:
      doctor list checks
      doctor list --format json
    """
    from doctor.cli import list as body

    raise typer.Exit(body.run(kind, format, shared_options(context, verbose, quiet, color)))


def explain(
    context: typer.Context,
    words: Annotated[
        list[str], typer.Argument(metavar='ID | "ERROR TEXT"', help="A check, an area, or a pasted line.")
    ],
    color: Color = "auto",
) -> None:
    """Say what a check looks at and why it matters, or which problems an error line points to.

    \b
    Examples:
      doctor explain network/ip-forward-off
      doctor explain "failed to start daemon: error initializing graphdriver"
    """
    from doctor.cli import explain as body

    raise typer.Exit(body.run(" ".join(words), shared_options(context, False, False, color)))


def report(
    context: typer.Context,
    scan_number: Annotated[str, typer.Argument(metavar="[SCAN]", help="Which scan; the last one by default.")] = "",
    output: Output = "",
    format: Annotated[str, typer.Option("--format", "-f", metavar="FORMAT", help="html or another.")] = "html",  # noqa: A002
    list_scans: Annotated[bool, typer.Option("--list", help="List the scans that are kept.")] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Write the HTML report of a kept scan, with what earlier scans saw.

    \b
    Examples:
      doctor report -o report.html
      doctor report --list
    """
    from doctor.cli import report as body

    shared = shared_options(context, verbose, quiet, color)
    raise typer.Exit(body.run(scan_number, output, shared, format_name=format, list_scans=list_scans))


schedule = typer.Typer(
    help="Scan regularly: a systemd timer, or a cron entry where there is no systemd.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@schedule.command("install")
def schedule_install(
    context: typer.Context,
    every: Annotated[str, typer.Option("--every", metavar="WHEN", help="hourly, daily or weekly.")] = "",
    probe: Annotated[bool, typer.Option("--probe", help="Launch test containers each time.")] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Write the timer or cron entry, show it, and start it. Each scan keeps history and writes the HTML report.

    \b
    Examples:
      doctor schedule install
      doctor schedule install --every hourly
    """
    from doctor.cli import schedule as body

    raise typer.Exit(body.install(shared_options(context, verbose, quiet, color), every=every, probe=probe))


@schedule.command("remove")
def schedule_remove(
    context: typer.Context, verbose: Verbose = False, quiet: Quiet = False, color: Color = "auto"
) -> None:
    """Stop the scans and remove every file of the schedule; history and reports stay."""
    from doctor.cli import schedule as body

    raise typer.Exit(body.remove(shared_options(context, verbose, quiet, color)))


@schedule.command("status")
def schedule_status(
    context: typer.Context, verbose: Verbose = False, quiet: Quiet = False, color: Color = "auto"
) -> None:
    """Say what is installed, when it runs next, and when the last scan was."""
    from doctor.cli import schedule as body

    raise typer.Exit(body.status(shared_options(context, verbose, quiet, color)))


guard = typer.Typer(
    help="Stand before each start of the engine: keep a copy of the metadata, stop a start that would destroy data.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@guard.callback()
def guard_now(context: typer.Context) -> None:
    """Keep a copy of the metadata; exit with 10 where a start would destroy data, else with 0, whatever fails.

    \b
    Examples:
      doctor guard
      doctor guard install
    """
    from doctor.cli import guard as body

    if context.invoked_subcommand is None:
        raise typer.Exit(body.run())


@guard.command("install")
def guard_install(
    context: typer.Context, verbose: Verbose = False, quiet: Quiet = False, color: Color = "auto"
) -> None:
    """Put it before every start, by a drop-in of docker.service, and show that."""
    from doctor.cli import guard_unit as body

    raise typer.Exit(body.install(shared_options(context, verbose, quiet, color)))


@guard.command("remove")
def guard_remove(context: typer.Context, verbose: Verbose = False, quiet: Quiet = False, color: Color = "auto") -> None:
    """Take it away again; kept copies and backups stay."""
    from doctor.cli import guard_unit as body

    raise typer.Exit(body.remove(shared_options(context, verbose, quiet, color)))


@guard.command("status")
def guard_status() -> None:
    """Say whether it is installed and in force."""
    from doctor.cli import guard_unit as body

    raise typer.Exit(body.status())
