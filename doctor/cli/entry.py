"""Entry point of the command. ``--version``, an ordinary ``scan`` and a plain ``fix`` run without loading the whole command line."""

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
    """Import msgspec without its unused imports, which cost 17 ms, as much as sixty checks.

    msgspec tries typing_extensions first, which loads ``inspect``, and falls back to the standard library, which is enough
    in every Python that doctor supports. Its modules for JSON schemas are loaded at the first use.
    """
    name = "typing_extensions"
    if name in sys.modules or "msgspec" in sys.modules:
        return
    from doctor.cli.late import Late

    late = [Late(each) for each in ("textwrap", "msgspec.inspect") if each not in sys.modules]
    sys.modules.update({each.__name__: each for each in late})
    sys.modules[name] = None  # type: ignore[assignment] # import's marker for a missing module
    try:
        import msgspec as msgspec  # noqa: PLC0414
    finally:
        del sys.modules[name]
        for each in late:
            del sys.modules[each.__name__]
