"""Entry point of the command. ``--version``, ``guard``, an ordinary ``scan`` and a plain ``fix`` run without typer.

``quick`` has the figures. ``--version`` may cost 1.5 times an interpreter that does nothing (10 ms); typer alone costs 25.
"""

import os
import sys


def main() -> None:
    """Run the command line and end the process.

    The interpreter's shutdown is skipped: it removes each of 900 modules, which costs 7 ms of a scan, and as much as a whole
    run of the guard on an unchanged data root.
    """
    if None in (sys.stdin, sys.stdout, sys.stderr):
        from doctor.cli.streams import keep_numbers

        keep_numbers()
    code = command()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        code = code or 3
    os._exit(code)


def command() -> int:
    """Run the command line and return its exit code."""
    if sys.argv[0].endswith("docker-doctor"):
        from doctor.cli import docker_plugin

        return docker_plugin.run(sys.argv[1:], doctor)
    return doctor(sys.argv[1:])


def doctor(arguments: list[str]) -> int:
    """Run the command line of ``doctor`` and return its exit code."""
    if arguments == ["--version"]:
        return version()
    if arguments == ["guard"]:
        from doctor.cli.commands import guard

        return guard.run()
    from doctor.cli.own_modules import find_own_modules

    find_own_modules()
    if arguments[:1] in (["__complete"], ["__completeNoDesc"]):
        from doctor.cli.completion.answer import answer
        from doctor.cli.exit_codes import ended

        return ended(lambda: answer(arguments[1:], described=arguments[0] == "__complete"))
    if arguments[:1] in (["scan"], ["fix"]):
        from doctor.cli import quick

        way = quick.scan if arguments[0] == "scan" else quick.plan
        asked = quick.scan_options(arguments) or quick.plan_options(arguments)
        if asked is not None:
            from doctor.cli.exit_codes import ended
            from doctor.cli.msgspec_import import load_msgspec

            load_msgspec()
            return ended(lambda: way(*asked))
    from doctor.cli.app import run

    return run(arguments)


def version() -> int:
    """Print the version and return the exit code."""
    from doctor import __version__

    try:
        print(f"doctor {__version__}", flush=True)
    except OSError as error:
        from doctor.cli.exit_codes import unwritten

        return unwritten(error)
    return 0
