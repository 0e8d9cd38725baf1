"""Starts the runtime by its path, with or without site-packages: `python -I -S -E .../doctor/runtime/__main__.py`.

Python compiles this file at each launch, so it stays minimal.
"""

import gc
import sys


def main() -> None:
    """The console script, and the file when it is executed."""
    gc.disable()  # a launch ends before a collection would pay off
    # After the standard library, so that no file beside the package can shadow one of its modules.
    sys.path.append(__file__.rpartition("/doctor/")[0])
    from doctor.runtime import pack  # noqa: PLC0415 - only now it can be found

    words = sys.argv[1:]
    kind = "bundle" if "--bundle" in words else "batch" if words[:1] == ["batch"] else "run"
    path = pack.path_of(kind)
    loaded = pack.load(path)
    from doctor.runtime import cli  # noqa: PLC0415
    from doctor.runtime.base.system import leave  # noqa: PLC0415

    code = cli.main(words)
    pack.save(path, loaded)
    # Nothing is buffered and everything is undone: an interpreter shutdown would cost a tenth of a launch.
    leave(code)


if __name__ == "__main__":
    main()
