"""Stands in the place of ``doctor_start``: one program that is doctor's command, its runtime, and the interpreter that runs the tests.

Doctor's modules come from the file. A first word that only a Python has (``-c``, ``-m``, ``-I``, a module's path) makes it
``python``, so that a test's ``sys.executable`` and the ``doctor`` beside it are the same program, as they are in the file. It
imports nothing that the start of the command does not: some tests look at what is loaded.
"""

import posix
import sys

import doctor_boot

BESIDE: list[str] = []  # directories of what the tests need besides: kit.python writes them here
_OPTIONS = frozenset("IESPBu")
"""Python's options without a value that the tests use."""


class _Line:
    """A command line of ``python [-IESPBu] [-X WORD] [-W WORD] (-c CODE | -m MODULE | FILE) [WORD…]``."""

    def __init__(self, words: list[str]) -> None:
        self.kind = self.what = ""
        self.letters: set[str] = set()
        self.words = list(words)
        while self.words and self.words[0].startswith("-") and not self.kind:
            word = self.words.pop(0)
            if word[:2] in {"-X", "-W"}:
                self.letters.add(word[1])
                if not word[2:]:
                    self.words.pop(0)
            elif word in {"-c", "-m"}:
                self.kind, self.what = word, self.words.pop(0)
            elif _OPTIONS.issuperset(word[1:]):
                self.letters |= set(word[1:])
            else:
                return
        if not self.kind and self.words and (self.letters or ("/" in self.words[0] and self.words[0].endswith(".py"))):
            self.kind, self.what = "file", self.words.pop(0)


def _run(line: _Line) -> None:
    """Be ``python``."""
    is_isolated = "I" in line.letters
    named = [] if is_isolated or "E" in line.letters else posix.environ.get(b"PYTHONPATH", b"").decode().split(":")
    first = {"-c": "", "-m": posix.getcwd(), "file": line.what.rpartition("/")[0]}[line.kind]
    sys.path[:0] = [*([] if is_isolated or "P" in line.letters else [first]), *filter(None, named)]
    sys.path += BESIDE
    _known = type(sys)("_sysconfigdata__linux_")
    _known.build_time_vars = {}
    sys.modules[_known.__name__] = _known  # hypothesis asks whether the interpreter has a lock
    module = type(sys)("__main__")
    module.__builtins__ = __builtins__
    sys.modules["__main__"] = module
    sys.argv[:] = [line.what if line.kind != "-c" else "-c", *line.words]
    if line.kind == "-c":
        exec(compile(line.what, "<string>", "exec"), module.__dict__)
        return
    import runpy

    if line.kind == "-m":
        runpy.run_module(line.what, run_name="__main__", alter_sys=True)
        return
    name = line.what.removeprefix(f"{doctor_boot.ME}/")
    if name != line.what:
        # A module of the file by its path.
        module.__file__ = line.what
        exec(doctor_boot.Bundle.get_code(name.removesuffix(".py").replace("/", ".")), module.__dict__)
        return
    runpy.run_path(line.what, run_name="__main__")


_line = _Line(sys.argv[1:])
if sys.argv[0].rpartition("/")[2] == "doctor-runtime":
    from doctor.runtime.__main__ import main

    sys.exit(main())
elif _line.kind:
    _run(_line)
else:
    from doctor.cli.entry import main

    sys.exit(main())
