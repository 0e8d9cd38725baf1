"""The typer app. Only the requested command is built, and its body is imported when it runs."""

from importlib import import_module
from typing import Annotated, Any

import typer

from doctor.cli.exit_codes import ended
from doctor.cli.options.shared import Color, Quiet, Verbose
from doctor.cli.spelled import is_plugin, name
from doctor.model.errors import DoctorError

app = typer.Typer(
    name="doctor",
    help=(
        "Find out why a container host is broken, repair it without data loss, and verify the repair.\n\n\b\n"
        "  doctor scan           find problems and their causes\n"
        "  doctor fix            show the repair plan\n"
        "  doctor fix --apply    repair and verify\n"
        "  doctor undo           undo the last repair"
    ),
    epilog=(
        "\b\nExit codes:\n"
        "  0   no problem found; or repaired and verified; or nothing to repair\n"
        "  1   findings remain, a test container failed, or an undo left a part stopped\n"
        "  2   wrong usage\n"
        "  3   incomplete: something could not be examined, or no check ran\n"
        "  4   a repair failed and was rolled back completely\n"
        "  5   refused: risk, privilege, a busy host, an unfinished repair\n"
        "  6   a repair failed and could not be rolled back completely\n"
        "  10  'doctor guard' only: the engine start is stopped"
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS = {
    "scan": ("host", "scan"),
    "fix": ("host", "fix"),
    "undo": ("host", "undo"),
    "quarantine": ("quarantine", "quarantine"),
    "probe": ("host", "probe"),
    "run": ("host", "run_container"),
    "salvage": ("host", "salvage"),
    "report": ("about", "report"),
    "history": ("history", "history"),
    "waive": ("waive", "waive"),
    "bundle": ("about", "bundle"),
    "fleet": ("fleet", "fleet"),
    "explain": ("about", "explain"),
    "list": ("about", "list_all"),
    "schedule": ("about", "schedule"),
    "guard": ("about", "guard"),
    "kubernetes": ("kubernetes", "kubernetes"),
}


def _version(wanted: bool) -> None:
    if wanted:
        from doctor import __version__

        typer.echo(f"doctor {__version__}")
        raise typer.Exit


def _install(wanted: bool) -> None:
    if wanted:
        from doctor.cli.commands import completion

        raise typer.Exit(completion.install())


def _show(shell: str) -> None:
    if shell:
        from doctor.cli.completion.scripts import script

        typer.echo(script(shell), nl=False)
        raise typer.Exit


def _licences(wanted: bool) -> None:
    if wanted:
        from doctor.cli.commands import licences

        raise typer.Exit(licences.show())


@app.callback()
def options(
    context: typer.Context,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    install_completion: Annotated[
        bool,
        typer.Option(
            "--install-completion", callback=_install, is_eager=True, help="Install completion for the current shell."
        ),
    ] = False,
    show_completion: Annotated[
        str,
        typer.Option(
            "--show-completion",
            metavar="SHELL",
            callback=_show,
            is_eager=True,
            help="Print the completion for bash, zsh or fish.",
        ),
    ] = "",
    licences: Annotated[
        bool,
        typer.Option(
            "--licences", callback=_licences, is_eager=True, help="Print the licences of doctor and its parts."
        ),
    ] = False,
) -> None:
    """Options accepted before or after any command."""
    del version, install_completion, show_completion, licences
    context.obj = {"verbose": verbose, "quiet": quiet, "color": color}


def build(wanted: str) -> None:
    """Add the requested command, or all of them (for help, completion, a mistyped name)."""
    names = (wanted,) if wanted in _COMMANDS else tuple(_COMMANDS)
    for word in names:
        module, attribute = _COMMANDS[word]
        thing = getattr(import_module(f"doctor.cli.options.{module}"), attribute)
        if isinstance(thing, typer.Typer):
            app.add_typer(thing, name=word)
        else:
            # Words after "doctor run IMAGE" are the container's command line, options included.
            settings = {"allow_interspersed_args": False} if word == "run" else {}
            app.command(word, context_settings=settings)(thing)


def run(arguments: list[str]) -> int:
    """Run the app and return its exit code."""
    word = next((word for word in arguments if not word.startswith("-")), "")
    build(word)
    if is_plugin():
        from doctor.cli.docker_plugin import adapt

        command = adapt(typer.main.get_command(app))
        return ended(lambda: _parsed(command, arguments, word if word in _COMMANDS else ""))
    return ended(lambda: _parsed(app, arguments, word if word in _COMMANDS else ""))


def _parsed(command: Any, arguments: list[str], word: str) -> int:
    """Parse the arguments and run the command; a mistake in them is an error as every other."""
    from typer._click.exceptions import ClickException, NoArgsIsHelpError

    try:
        code: int | None = command(args=arguments, prog_name=name(), standalone_mode=False)
    except NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except ClickException as error:
        from doctor.cli.usage import explained

        raise explained(error, word) from None
    except typer.Abort:
        raise DoctorError("nothing was done: the input ended") from None
    return code or 0
