"""Starts the runtime by its path, with or without site-packages: `python -I -S -E .../doctor/runtime/__main__.py`."""

import gc
import sys


def main() -> None:
    """The console script, and the file when it is executed."""
    gc.disable()  # a launch is over before a collection could pay for itself
    if not __package__:
        # Behind the standard library, so that nothing lying beside the package can stand in for a module of it.
        sys.path.append(__file__.rsplit("/", 3)[0])
    from doctor.runtime import packed  # noqa: PLC0415 - only now it can be found

    unwritten = packed.load(sys.argv[1:])
    from doctor.runtime import cli, system  # noqa: PLC0415

    code = cli.main(sys.argv[1:])
    if unwritten:
        packed.save(unwritten)
    # Nothing is buffered and everything is taken back: tearing the interpreter down would cost a tenth of a launch.
    system.leave(code)


if __name__ == "__main__":
    main()
