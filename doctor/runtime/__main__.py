"""Starts the runtime by its path, with or without site-packages: `python -I -S -E .../doctor/runtime/__main__.py`."""

import sys


def main() -> None:
    """The console script, and the file when it is executed."""
    try:
        from doctor.runtime import cli  # noqa: PLC0415 - found by its path first
    except ModuleNotFoundError:
        # Behind the standard library, so that nothing lying beside the package can stand in for a module of it.
        sys.path.append(__file__.rsplit("/", 3)[0])
        from doctor.runtime import cli  # noqa: PLC0415 - found by its path first
    sys.exit(cli.main(sys.argv[1:]))


if __name__ == "__main__":
    main()
