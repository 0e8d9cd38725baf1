"""Options and help of ``doctor quarantine``."""

from typing import Annotated

import typer

from doctor.cli.options.shared import Color, Quiet, Verbose, given, shared_options

quarantine = typer.Typer(
    help="""List or delete what repairs removed and replaced.

    A repair deletes nothing: 'doctor undo' restores it from here. Only 'doctor quarantine purge' deletes it.

    \b
    Examples:
      doctor quarantine list
      doctor quarantine purge
      doctor quarantine purge --older-than 30d
    """,
    short_help="List or delete what repairs removed and replaced.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_Format = Annotated[str, typer.Option("--format", "-f", metavar="FORMAT", help="text or json.")]


@quarantine.command("list")
def quarantine_list(
    context: typer.Context,
    format: _Format = "text",  # noqa: A002 - the option's name
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """List runs with their age, size and use.

    \b
    Examples:
      doctor quarantine list
      doctor quarantine list -v           each original with its path
      doctor quarantine list --format json
    """
    from doctor.cli.commands import quarantine as body

    raise typer.Exit(body.list_all(format, shared_options(context, verbose, quiet, color)))


@quarantine.command("purge")
def quarantine_purge(
    context: typer.Context,
    run: Annotated[
        list[str] | None,
        typer.Option("--run", metavar="RUN", help="Purge this run, even if an undo needs it; can be repeated."),
    ] = None,
    older_than: Annotated[
        str,
        typer.Option(
            "--older-than",
            metavar="AGE",
            callback=given,
            help="Purge every finished run older than this: 36h, 30d or 2w.",
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    format: _Format = "text",  # noqa: A002 - the option's name
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Delete kept originals for good, to free space.

    Without --run and --older-than, only those that no undo needs. An unfinished run is never purged. A purged repair can no
    longer be undone completely: 'doctor undo' lists what it can't restore, and changes nothing without --force.

    Exit code 0 if everything chosen was deleted, 1 if something remains, 5 if it was refused.

    \b
    Examples:
      doctor quarantine purge
      doctor quarantine purge --run 7
      doctor quarantine purge --older-than 30d --yes
    """
    from doctor.cli.commands import quarantine as body

    shared = shared_options(context, verbose, quiet, color)
    raise typer.Exit(body.purge(tuple(run or ()), older_than, format, shared, yes=yes))
