"""Where the command starts. ``--version`` is answered before anything is imported."""

import sys


def main() -> int:
    """Run the command line and return its exit code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from doctor import __version__

        print(f"doctor {__version__}")
        return 0
    from doctor.cli.app import run

    return run(arguments)
