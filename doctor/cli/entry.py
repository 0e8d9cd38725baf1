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
            from doctor.cli.ending import ended

            load_msgspec()
            return ended(lambda: way(*asked))
    from doctor.cli.app import run

    return run(arguments)


def load_msgspec() -> None:
    """Import msgspec without typing_extensions, which loads ``inspect``: 7 ms less.

    msgspec falls back to the standard library, which is enough in every Python that doctor supports. The guard needs it: a first
    check of 60 layers takes 98 ms of CPU, 107 without (minima of 8 in turns), and may take 100.
    """
    name = "typing_extensions"
    if name in sys.modules or "msgspec" in sys.modules:
        return
    sys.modules[name] = None  # type: ignore[assignment] # import's marker for a missing module
    try:
        import msgspec as msgspec  # noqa: PLC0414
    finally:
        del sys.modules[name]
