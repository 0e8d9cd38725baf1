"""How the bundled runtime is started: by the interpreter that runs doctor, bare, wherever the package is."""

import os
import sys
from importlib.util import find_spec

from doctor import IS_ONE_FILE
from doctor.model.errors import DoctorError

_FROM_ARCHIVE = "import sys; sys.path.append({!r}); from doctor.runtime.__main__ import main; main()"


def runtime_program() -> str:
    """Return the program for ``runtime_command``: the one that runs, also if its file was removed or replaced since."""
    running = "/proc/self/exe"
    if IS_ONE_FILE and os.path.exists(running):
        try:
            is_there = os.path.samefile(sys.executable, running)
        except OSError:
            is_there = False
        return sys.executable if is_there else running
    return sys.executable


def runtime_command(*words: str) -> tuple[str, ...]:
    """Return the arguments that start the runtime; ``runtime_program`` is the program.

    Bare (-I -S -E), for a launch is counted in milliseconds and uses nothing of site-packages. The one file starts the runtime when
    it is called by the runtime's name. Raises ``DoctorError`` if the runtime is not installed.
    """
    if IS_ONE_FILE:
        return ("doctor-runtime", *words)
    spec = find_spec("doctor.runtime")
    if spec is None or not spec.submodule_search_locations:
        raise DoctorError("the bundled runtime is not installed", do="reinstall doctor")
    place = spec.submodule_search_locations[0]
    bare = (sys.executable, "-I", "-S", "-E")
    if os.path.isdir(place):
        return (*bare, f"{place}/__main__.py", *words)
    # An archive: Python can't start a file inside it by its path.
    return (*bare, "-c", _FROM_ARCHIVE.format(os.path.abspath(place.removesuffix("/doctor/runtime"))), *words)
