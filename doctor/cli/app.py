"""The typer app: every command's options and help; bodies are imported when a command runs."""

import os
import sys
from typing import Annotated, Any

import typer

from doctor.model.errors import DoctorError

app = typer.Typer(
    name="doctor",
    help=(
        "Find out why a container host is broken, repair it without loss, and prove it with a test container.\n\n\b\n"
        "  doctor scan                 what is wrong, and why\n"
        "  doctor fix                  what doctor would do about it\n"
        "  doctor fix --apply          do it, prove it; 'doctor undo' takes it back"
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Root = Annotated[
    str, typer.Option("--root", metavar="DIR", help="Examine the host mounted at DIR instead of this one.")
]
Format = Annotated[
    str, typer.Option("--format", "-f", metavar="FORMAT", help="text, json, html, … ('doctor list formats').")
]
Output = Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Write the report to FILE.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show passed checks, sources and more.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors; the exit code tells.")]
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


def _version(wanted: bool) -> None:
    if wanted:
        from doctor import __version__

        typer.echo(f"doctor {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options that may also stand behind any command."""
    del version
    context.obj = {"verbose": verbose, "quiet": quiet, "color": color}


def _shared(context: typer.Context, verbose: bool, quiet: bool, color: str) -> Any:
    from doctor.cli.common import Shared

    given = context.obj or {}
    return Shared.make(
        verbose=verbose or given.get("verbose", False),
        quiet=quiet or given.get("quiet", False),
        color=color if color != "auto" else given.get("color", "auto"),
    )


@app.command()
def scan(
    context: typer.Context,
    select: Select = "",
    skip: Skip = "",
    deep: Annotated[bool, typer.Option("--deep", help="Also prove the content of every layer (reads it all).")] = False,
    probe: Annotated[bool, typer.Option("--probe", help="Also launch test containers.")] = False,
    root: Root = "",
    format: Format = "text",  # noqa: A002 - the option's name
    output: Output = "",
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="SEVERITY", help="Exit 1 from: info, warning, error, critical.")
    ] = "",
    since_last: Annotated[bool, typer.Option("--since-last", help="Only what changed since the last scan.")] = False,
    scheduled: Annotated[bool, typer.Option("--scheduled", hidden=True)] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Examine the host and report. Changes nothing.

    \b
    Examples:
      doctor scan
      doctor scan --select network,firewall -v
      doctor scan --root /mnt/disk --format html -o report.html
    """
    from doctor.cli import scan as body

    raise typer.Exit(
        body.run(
            body.Options(
                select=select,
                skip=skip,
                deep=deep,
                probe=probe,
                root=root,
                format=format,
                output=output,
                fail_on=fail_on,
                since_last=since_last,
                scheduled=scheduled,
            ),
            _shared(context, verbose, quiet, color),
        )
    )


@app.command()
def fix(
    context: typer.Context,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID…]", help="Only these findings (check ids or areas).")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Carry the plan out, after asking once.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    allow: Allow = "",
    resume: Annotated[bool, typer.Option("--resume", help="Finish a repair that was interrupted.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Judge with the deep checks too.")] = False,
    root: Root = "",
    format: Format = "text",  # noqa: A002 - the option's name
    output: Output = "",
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Print what would be done about the findings; with --apply, do it, prove it, or roll it back.

    \b
    Examples:
      doctor fix
      doctor fix network/ip-forward-off --apply
      doctor fix --apply --yes --allow disruptive
      doctor fix --root /mnt/disk --apply
    """
    from doctor.cli import fix as body

    raise typer.Exit(
        body.run(
            body.Options(
                ids=tuple(ids or ()),
                apply=apply,
                yes=yes,
                allow=allow,
                resume=resume,
                deep=deep,
                root=root,
                format=format,
                output=output,
            ),
            _shared(context, verbose, quiet, color),
        )
    )


@app.command()
def undo(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="[RUN]", help="Which repair; the last one by default.")] = "",
    list_runs: Annotated[bool, typer.Option("--list", help="List the repairs there were.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Take a repair back: every byte, mode, owner and rule as it was.

    \b
    Examples:
      doctor undo --list
      doctor undo
      doctor undo 20261124-101502 --yes
    """
    from doctor.cli import undo as body

    raise typer.Exit(body.run(run, list_runs=list_runs, yes=yes, shared=_shared(context, verbose, quiet, color)))


@app.command()
def probe(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME…]", help="Which probes; all by default.")] = None,
    format: Format = "text",  # noqa: A002 - the option's name
    output: Output = "",
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Launch test containers and say what this host can and can't do, with dockerd alive or dead.

    \b
    Examples:
      doctor probe
      doctor probe egress port
    """
    from doctor.cli import probe as body

    raise typer.Exit(body.run(tuple(names or ()), format, output, _shared(context, verbose, quiet, color)))


@app.command("run", context_settings={"allow_interspersed_args": False})
def run_container(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="Image, bundle directory or root directory.")],
    command: Annotated[list[str] | None, typer.Argument(metavar="[CMD…]", help="Instead of the image's own.")] = None,
    net: Annotated[str, typer.Option("--net", metavar="MODE", help="bridge, none, host or container:NAME.")] = "bridge",
    publish: Annotated[
        list[str] | None, typer.Option("--publish", "-p", metavar="[IP:]HOST:CONTAINER", help="Publish a port.")
    ] = None,
    volume: Annotated[
        list[str] | None, typer.Option("--volume", "-v", metavar="SOURCE:TARGET[:ro]", help="Bind a directory or file.")
    ] = None,
    env: Annotated[list[str] | None, typer.Option("--env", "-e", metavar="NAME=VALUE", help="Set a variable.")] = None,
    workdir: Annotated[str, typer.Option("--workdir", "-w", metavar="DIR", help="Working directory.")] = "",
    user: Annotated[str, typer.Option("--user", "-u", metavar="USER[:GROUP]", help="Run as this user.")] = "",
    hostname: Annotated[str, typer.Option("--hostname", metavar="NAME", help="Host name inside.")] = "",
    memory: Annotated[str, typer.Option("--memory", metavar="BYTES[k|m|g]", help="Memory limit.")] = "",
    cpus: Annotated[str, typer.Option("--cpus", metavar="N", help="Processors, 1.5 for one and a half.")] = "",
    pids: Annotated[str, typer.Option("--pids", metavar="N", help="Most processes and threads.")] = "",
    remove: Annotated[bool, typer.Option("--rm", help="Accepted for habit: nothing is ever left behind.")] = False,
    interactive: Annotated[bool, typer.Option("--interactive", "-i", help="Keep standard input open.")] = False,
    tty: Annotated[bool, typer.Option("--tty", "-t", help="Give it a terminal.")] = False,
) -> None:
    """Start a container with the bundled runtime, from an image in the data root, with dockerd dead.

    \b
    Examples:
      doctor run app:latest
      doctor run -it --net none busybox sh
      doctor run --memory 64m -p 8080:80 web
    """
    from doctor.cli import run as body

    raise typer.Exit(
        body.run(
            body.Options(
                image=image,
                command=tuple(command or ()),
                net=net,
                publish=tuple(publish or ()),
                volume=tuple(volume or ()),
                env=tuple(env or ()),
                workdir=workdir,
                user=user,
                hostname=hostname,
                memory=memory,
                cpus=cpus,
                pids=pids,
                rm=remove,
                interactive=interactive,
                tty=tty,
            )
        )
    )


@app.command("list")
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

    raise typer.Exit(body.run(kind, format, _shared(context, verbose, quiet, color)))


@app.command()
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

    raise typer.Exit(body.run(" ".join(words), _shared(context, False, False, color)))


@app.command()
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

    shared = _shared(context, verbose, quiet, color)
    raise typer.Exit(body.run(scan_number, output, shared, format_name=format, list_scans=list_scans))


schedule = typer.Typer(
    help="Scan regularly: a systemd timer, or a cron entry where there is no systemd.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(schedule, name="schedule")


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

    raise typer.Exit(body.install(_shared(context, verbose, quiet, color), every=every, probe=probe))


@schedule.command("remove")
def schedule_remove(
    context: typer.Context, verbose: Verbose = False, quiet: Quiet = False, color: Color = "auto"
) -> None:
    """Stop the scans and remove every file of the schedule; history and reports stay."""
    from doctor.cli import schedule as body

    raise typer.Exit(body.remove(_shared(context, verbose, quiet, color)))


@schedule.command("status")
def schedule_status(
    context: typer.Context, verbose: Verbose = False, quiet: Quiet = False, color: Color = "auto"
) -> None:
    """Say what is installed, when it runs next, and when the last scan was."""
    from doctor.cli import schedule as body

    raise typer.Exit(body.status(_shared(context, verbose, quiet, color)))


def run(arguments: list[str]) -> int:
    """Run the app and turn every way it can end into an exit code."""
    try:
        result = app(args=arguments, prog_name="doctor", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except DoctorError as error:
        print(f"doctor: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("doctor: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader went away (doctor scan | head): not an error of the scan.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except Exception as error:  # boundary 3 of 3: a defect of doctor is told in one line
        if os.environ.get("DOCTOR_TRACEBACK"):
            raise
        from doctor.scan.resolve import located

        text = located(error).encode("utf-8", "backslashreplace").decode()
        print(f"doctor: this is a defect of doctor: {text} — set DOCTOR_TRACEBACK=1 for more", file=sys.stderr)
        return 3
    return result if isinstance(result, int) else 0
