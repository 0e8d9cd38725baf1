"""Starts the runtime by its path, with or without site-packages: `python -I -S -E .../doctor/runtime/__main__.py`.

Python compiles this file at each launch, so it stays minimal; the rest of the start-up is in `packed`.
"""

import gc
import marshal
import posix
import sys


def main() -> None:
    """The console script, and the file when it is executed."""
    gc.disable()  # a launch ends before a collection would pay off
    directory = __file__.rpartition("/")[0]
    try:
        kept = posix.open(f"{directory}/__pycache__/start.{sys.implementation.cache_tag}.packed", posix.O_CLOEXEC)
        version, code = marshal.loads(posix.read(kept, 65536))  # noqa: S302 - as trusted as the .pyc files beside it
        space = {"__name__": version}
        exec(code if version == sys.version else "", space)  # noqa: S102
        begin = space["begin"]
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        # After the standard library, so that no file beside the package can shadow one of its modules.
        sys.path.append(directory.rpartition("/")[0].rpartition("/")[0])
        from doctor.runtime.packed import begin  # noqa: PLC0415

        kept = -1
    begin(directory, kept)


if __name__ == "__main__":
    main()
