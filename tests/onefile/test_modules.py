"""Nothing that doctor needs was left out: every module of it is imported from the file, and the file alone."""

import json
from pathlib import Path

import msgspec
import psutil

from onefile.fetch import inputs
from onefile.omitted import NAMES
from tests.onefile import kit

IMPORT_ALL = """
import importlib, json, sys
import doctor_boot
failed = {}
for name, (is_package, path, *_) in doctor_boot._modules.items():
    if name.partition(".")[0] == "doctor" and not name.endswith("__main__"):
        try:
            importlib.import_module(name)
        except BaseException as error:
            failed[name] = repr(error)
elsewhere = sorted(
    name for name, module in sys.modules.items() if getattr(module, "__file__", None) and not module.__file__.startswith(doctor_boot.ME)
)
print(json.dumps([len(sys.modules), failed, elsewhere]))
"""


def test_every_module_of_doctor_is_imported_from_the_file(python: Path) -> None:
    """PYTHON_BESIDE is empty: there is no other place."""
    done = kit.run(python, "-c", IMPORT_ALL, cwd="/", env={})
    count, failed, elsewhere = json.loads(done.stdout)
    assert (failed, elsewhere) == ({}, [])
    assert count > 1900


def test_what_stays_out_is_not_there(python: Path) -> None:
    """A part that cannot work fails by its name, not later."""
    code = "import sys, doctor_boot; print(*[name for name in sys.argv[1:] if name in doctor_boot._modules])"
    assert kit.run(python, "-c", code, *sorted(NAMES), env={}).stdout.split() == []


def test_a_traceback_names_file_and_line(python: Path) -> None:
    """There are no sources, and the path does not depend on where the file was built."""
    done = kit.run(
        python,
        "-c",
        "from doctor.formats.text import *; import doctor.plugins.listing as m; m.directory_of('no.such')",
        env={},
    )
    assert 'File "doctor/plugins/listing.py", line ' in done.stderr


def test_sha256_is_right_at_every_length(python: Path) -> None:
    """The processor's own instructions work on whole blocks; what is left over is the interpreter's."""
    code = "import hashlib; print(*[hashlib.sha256(bytes(n % 251 for n in range(size))).hexdigest() for size in range(0, 400)])"
    ours = kit.run(python, "-c", code, env={}).stdout
    assert ours == kit.run("/usr/bin/python3", "-c", code).stdout


def test_the_packages_have_the_recorded_versions(python: Path) -> None:
    """``inputs.toml`` says what is compiled in."""
    done = kit.run(
        python, "-c", "import msgspec, psutil, sqlite3; print(msgspec.__version__, psutil.__version__)", env={}
    )
    known = inputs()["sources"]
    assert done.stdout.split() == [known["msgspec"]["version"], known["psutil"]["version"]]
    assert msgspec.__version__
    assert psutil.__version__


def test_licences_name_all_that_is_in_the_file(file: Path) -> None:
    """Each with its text."""
    said = kit.run(file, "--licences").stdout
    table, _, texts = said.partition("\n\n")
    names = [line.partition(": ")[0] for line in table.splitlines()]
    assert names[0].startswith("container-doctor ")
    for name in names:
        assert f"\n{name}\n====" in texts
    for needed in ("musl", "Python", "SQLite", "zlib", "libffi", "pyroute2", "Jinja2", "typer", "Click"):
        assert any(name.startswith(needed) for name in names), needed
    assert "Permission is hereby granted, free of charge" in texts
