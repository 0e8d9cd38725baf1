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
    """Import msgspec without what it loads and doctor doesn't use: that costs 17 ms, as much as sixty checks.

    It asks typing_extensions first, which loads ``inspect``, and the standard library second, which has all of it in every
    Python that doctor runs on. What it makes JSON schemas with is loaded once somebody does.
    """
    name = "typing_extensions"
    if name in sys.modules or "msgspec" in sys.modules:
        return
    from doctor.cli.late import Late

    late = [Late(each) for each in ("textwrap", "msgspec.inspect") if each not in sys.modules]
    sys.modules.update({each.__name__: each for each in late})
    sys.modules[name] = None  # type: ignore[assignment] # import's own word for "not there"
    try:
        import msgspec as msgspec  # noqa: PLC0414
    finally:
        del sys.modules[name]
        for each in late:
            del sys.modules[each.__name__]
