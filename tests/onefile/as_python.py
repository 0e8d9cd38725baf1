"""Stands in the place of ``doctor_start``: the file's interpreter with doctor's modules from the file, used as ``python``.

PYTHON_BESIDE names the rest that the tests need: pytest, and the parts of the standard library that the file does without.
"""

import os
import sys

import doctor_boot

sys.path += [place for place in os.environ.get("PYTHON_BESIDE", "").split(":") if place]
_known = type(sys)("_sysconfigdata__linux_")
_known.build_time_vars = {}
sys.modules[_known.__name__] = _known  # hypothesis asks whether the interpreter has a lock


def main() -> None:
    """Understand ``python [-I -S -E -B -P -u] [-X WORD] [-W WORD] (-c CODE | -m MODULE | FILE) [WORD…]``."""
    words = sys.argv[1:]
    while words and words[0].startswith("-") and words[0] not in {"-c", "-m"}:
        option = words.pop(0)
        if option in {"-X", "-W"}:
            words.pop(0)
    module = type(sys)("__main__")
    module.__builtins__ = __builtins__
    sys.modules["__main__"] = module
    if not words:
        sys.exit("this Python has no prompt")
    kind = words.pop(0)
    if kind == "-c":
        sys.argv[:] = ["-c", *words[1:]]
        sys.path.insert(0, os.environ.get("PYTHON_SAFE_PATH") or os.getcwd())
        exec(compile(words[0], "<string>", "exec"), module.__dict__)
        return
    import runpy

    if kind == "-m":
        sys.argv[:] = words
        sys.path.insert(0, os.getcwd())
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
        return
    sys.argv[:] = [kind, *words]
    name = kind.removeprefix(f"{doctor_boot.ME}/")
    if name != kind:
        # A module of the file by its path, as the runtime is started.
        dotted = name.removesuffix(".py").replace("/", ".")
        module.__file__ = kind
        exec(doctor_boot.Bundle.get_code(dotted), module.__dict__)
        return
    sys.path.insert(0, os.path.dirname(os.path.abspath(kind)))
    runpy.run_path(kind, run_name="__main__")


if os.path.basename(sys.argv[0]) == "doctor-runtime":
    from doctor.runtime.__main__ import main
elif os.path.basename(sys.argv[0]) == "doctor":
    from doctor.cli.entry import main
main()
