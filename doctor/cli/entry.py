"""Where the command starts. ``--version`` and an ordinary ``scan`` are answered without loading the whole command line."""

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

        from doctor.cli import guard

        # All is said; to take the interpreter apart would cost as much as to see that nothing has changed.
        os._exit(guard.run())
    if arguments[:1] == ["scan"]:
        from doctor.cli import quick

        asked = quick.scan_options(arguments)
        if asked is not None:
            from doctor.cli.ending import ended

            load_msgspec()
            return ended(lambda: quick.scan(*asked))
    from doctor.cli.app import run

    return run(arguments)


def load_msgspec() -> None:
    """Import msgspec without typing_extensions: that costs 14 ms, as much as fifty checks, as it loads ``inspect``.

    msgspec asks it first and the standard library second, which has all of it in every Python that doctor runs on.
    """
    name = "typing_extensions"
    if name in sys.modules:
        return
    sys.modules[name] = None  # type: ignore[assignment] # import's own word for "not there"
    try:
        import msgspec as msgspec  # noqa: PLC0414
    finally:
        del sys.modules[name]
