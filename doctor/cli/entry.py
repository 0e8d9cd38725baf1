"""Entry point of the command. ``--version``, ``guard``, an ordinary ``scan`` and a plain ``fix`` run without typer.

``quick`` has the figures. ``--version`` may cost 1.5 times an interpreter that does nothing (10 ms); typer alone costs 25.
"""

import sys


def main() -> int:
    """Run the command line and return its exit code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from doctor import __version__

        print(f"doctor {__version__}")
        return 0
    if arguments == ["guard"]:
        import os

        from doctor.cli.commands import guard

        # Skip the interpreter's shutdown: it costs as much as a run on an unchanged data root.
        os._exit(guard.run())
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
