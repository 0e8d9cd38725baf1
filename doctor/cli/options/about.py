"""Options and help of the other commands: list, explain, report, schedule and guard."""

from typing import Annotated

import typer

from doctor.cli.options.shared import Color, Output, Quiet, Root, Verbose, shared_options


def list_all(
    context: typer.Context,
    kind: Annotated[
        str, typer.Argument(metavar="[KIND]", help="checks, fixers, probes, formats or plugins; default: all.")
    ] = "",
    format: Annotated[str, typer.Option("--format", "-f", metavar="FORMAT", help="text or json.")] = "text",  # noqa: A002
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """List checks, fixers, probes, report formats and plugins.

    \b
    Examples:
      doctor list checks
      doctor list --format json
    """
    from doctor.cli.commands import list as body

    raise typer.Exit(body.run(kind, format, shared_options(context, verbose, quiet, color)))


def bundle(
    context: typer.Context,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="File to write; - for standard output.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; list what would be in it.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    root: Root = "",
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Save the facts of the host, without secrets, as one file.

    'doctor scan --bundle FILE' has the same findings on any other machine. --dry-run -v lists each fact, its size, and how much
    of it is masked.

    \b
    Examples:
      doctor bundle --dry-run
      doctor bundle -o web-1.bundle
      ssh web-1 sudo doctor bundle -o - | doctor scan --bundle -
    """
    from doctor.cli.commands import bundle as body

    options = body.BundleOptions(output=output, root=root, dry_run=dry_run, force=force)
    raise typer.Exit(body.run(options, shared_options(context, verbose, quiet, color)))


def explain(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar='[ID | TOPIC | "ERROR TEXT" | -]',
            help="A check id, an area, a topic such as 'exit 137', or a pasted error line; - reads a log from standard input.",
        ),
    ] = None,
    unit: Annotated[str, typer.Option("--unit", metavar="UNIT", help="Explain the journal of this systemd unit.")] = "",
    elsewhere: Annotated[
        bool, typer.Option("--elsewhere", help="The text is from another host: do not look for causes on this one.")
    ] = False,
    color: Color = "auto",
) -> None:
    """Describe a check, or find the cause of an error message.

    \b
    Examples:
      doctor explain network/ip-forward-off
      doctor explain "daemon: error initializing graphdriver"
      doctor explain --unit docker
      doctor explain topics
      docker logs web 2>&1 | doctor explain -
    """
    from doctor.cli.commands.explain import command as body

    shared = shared_options(context, False, False, color)
    raise typer.Exit(body.run(" ".join(words or ()), shared, unit=unit, elsewhere=elsewhere))


def report(
    context: typer.Context,
    scan_number: Annotated[
        str,
        typer.Argument(
            metavar="[SCAN | REPAIR]", help="A scan's number or time, or name of a repair; default: the last scan."
        ),
    ] = "",
    output: Output = "",
    format: Annotated[  # noqa: A002
        str, typer.Option("--format", "-f", metavar="FORMAT", help="Report format; see 'doctor list formats'.")
    ] = "html",
    list_scans: Annotated[
        bool, typer.Option("--list", help="List the last kept scans, as 'doctor history list' does.")
    ] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Write the HTML report of a kept scan or repair.

    \b
    Examples:
      doctor report -o report.html
      doctor report 2026-11-30 -o page.html
      doctor report 0007-20270115-080001 -o repair.html
    """
    from doctor.cli.commands.report import command as body

    shared = shared_options(context, verbose, quiet, color)
    raise typer.Exit(body.run(scan_number, output, shared, format_name=format, list_scans=list_scans))


schedule = typer.Typer(
    help="Schedule scans with systemd or cron.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@schedule.command("install")
def schedule_install(
    context: typer.Context,
    every: Annotated[str, typer.Option("--every", metavar="WHEN", help="hourly, daily or weekly.")] = "",
    probe: Annotated[
        bool | None,
        typer.Option("--probe/--no-probe", help="Run test containers in each scan (default), or only look."),
    ] = None,
    notify: Annotated[
        list[str] | None,
        typer.Option(
            "--notify",
            metavar="RECIPIENT",
            help=(
                "Send changes there; may be repeated. command:/PATH, https://HOST/PATH, mailto:ADDRESS, smtp://HOST:25/?to=ADDRESS, "
                "journal, textfile:/PATH.prom, nagios:/PATH, from:/FILE (a root-only file that holds one of these); none removes all."
            ),
        ),
    ] = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Write, show and start the timer or cron entry.

    Each scan is recorded and writes the HTML report. Recipients get what is new, worse, resolved, or still there after 7 days,
    never the same every night, and a note if a scan did not run. Secrets and limits are settings: [[notify]] in doctor.toml.

    \b
    Examples:
      doctor schedule install
      doctor schedule install --every hourly
      doctor schedule install --no-probe
      doctor schedule install --notify journal --notify mailto:me@x.example
    """
    from doctor.cli.commands.schedule import command as body

    shared = shared_options(context, verbose, quiet, color)
    raise typer.Exit(body.install(shared, every=every, probe=probe, notify=tuple(notify or ())))


@schedule.command("remove")
def schedule_remove(
    context: typer.Context, verbose: Verbose = False, quiet: Quiet = False, color: Color = "auto"
) -> None:
    """Remove the schedule; history and reports are kept."""
    from doctor.cli.commands.schedule import command as body

    raise typer.Exit(body.remove(shared_options(context, verbose, quiet, color)))


@schedule.command("status")
def schedule_status(
    context: typer.Context, verbose: Verbose = False, quiet: Quiet = False, color: Color = "auto"
) -> None:
    """Show the schedule, next run, last scan and notifications.

    The exit code is 3 if a scan is overdue or a notification failed.
    """
    from doctor.cli.commands.schedule import status as body

    raise typer.Exit(body.run(shared_options(context, verbose, quiet, color)))


@schedule.command("test-notify")
def schedule_test_notify(
    context: typer.Context, verbose: Verbose = False, quiet: Quiet = False, color: Color = "auto"
) -> None:
    """Send a test, marked as one, to every recipient.

    The exit code is 3 if a delivery failed.
    """
    from doctor.cli.commands.schedule import status as body

    raise typer.Exit(body.test_notify(shared_options(context, verbose, quiet, color)))


guard = typer.Typer(
    help="""Check the data root before each engine start.

    Without a command, 'doctor guard' is this check: it backs up the metadata of a healthy data root, and exits with 10 if
    an engine start would destroy data, else with 0, even on errors.

    \b
    Examples:
      doctor guard install
      doctor guard status
    """,
    short_help="Check the data root before each engine start.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@guard.callback()
def guard_now(context: typer.Context) -> None:
    """Run the check if no command is given."""
    from doctor.cli.commands import guard as body

    if context.invoked_subcommand is None:
        raise typer.Exit(body.run())


@guard.command("install")
def guard_install(
    context: typer.Context, verbose: Verbose = False, quiet: Quiet = False, color: Color = "auto"
) -> None:
    """Install a drop-in of docker.service that runs the guard."""
    from doctor.cli.commands import guard_unit as body

    raise typer.Exit(body.install(shared_options(context, verbose, quiet, color)))


@guard.command("remove")
def guard_remove(context: typer.Context, verbose: Verbose = False, quiet: Quiet = False, color: Color = "auto") -> None:
    """Remove the drop-in; copies and backups are kept."""
    from doctor.cli.commands import guard_unit as body

    raise typer.Exit(body.remove(shared_options(context, verbose, quiet, color)))


@guard.command("status")
def guard_status() -> None:
    """Show whether the guard is installed and active."""
    from doctor.cli.commands import guard_unit as body

    raise typer.Exit(body.status())
