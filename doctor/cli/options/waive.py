"""Options and help of ``doctor waive``."""

from typing import Annotated

import typer

from doctor.cli.options.shared import Color, Quiet, Verbose, shared_options


def waive(
    context: typer.Context,
    check: Annotated[str, typer.Argument(metavar="[ID]", help="The check whose finding is accepted.")] = "",
    subject: Annotated[
        str, typer.Option("--subject", metavar="NAME", help="Only for this subject; default: for every one.")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is accepted.")] = "",
    until: Annotated[
        str, typer.Option("--until", metavar="DAY", help="The last day: 2027-06-30, 90d or 4w; never for no end.")
    ] = "",
    author: Annotated[
        str, typer.Option("--author", metavar="NAME", help="Who accepts it; default: the login name.")
    ] = "",
    severity: Annotated[
        str,
        typer.Option(
            "--severity",
            metavar="SEVERITY",
            help="Highest severity to accept; default: that of the last scan's finding.",
        ),
    ] = "",
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Accept a finding until a day, or list what is accepted.

    A waived finding is shown as waived and does not count. After its last day it counts again, and as soon as it is worse than
    when it was waived. The waiver is added at the end of /etc/doctor/doctor.toml; remove it there.

    \b
    Examples:
      doctor waive
      doctor waive network/ip-forward-off --until 2027-06-30 \\
          --reason "a router does it, OPS-311"
      doctor waive logging/unbounded-json-file --subject web --until 90d \\
          --reason "moved in March"
    """
    from doctor.cli.commands.settings import waive as body

    options = body.WaiveOptions(id=check, subject=subject, reason=reason, until=until, author=author, severity=severity)
    raise typer.Exit(body.run(options, shared_options(context, verbose, quiet, color)))
