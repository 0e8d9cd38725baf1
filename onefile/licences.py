"""Collects the licences of all that is compiled in or packed: ``doctor --licences`` prints them."""

from email.parser import Parser
from pathlib import Path

from onefile.fetch import inputs

TEXT = "doctor/licences.txt"
_ZIG = "venv/lib/python3.13/site-packages/ziglang"
_COMPILED = (
    ("Python", "python3.13", "PSF-2.0, and those of what it incorporates", "unpacked/python3.13/LICENSE"),
    ("Python's incorporated software", "python3.13", "see the text", "unpacked/python3.13/Doc/license.rst"),
    ("musl", "ziglang", "MIT, from Zig's package", f"{_ZIG}/lib/libc/musl/COPYRIGHT"),
    ("compiler-rt and start code of Zig", "ziglang", "MIT", f"{_ZIG}/LICENSE"),
    ("libffi", "libffi", "MIT", "unpacked/libffi/LICENSE"),
    ("SQLite", "sqlite3", "public domain", "unpacked/sqlite3/LICENSE.md"),
    ("zlib", "zlib", "Zlib", "unpacked/zlib/LICENSE"),
    ("psutil", "psutil", "BSD-3-Clause", "unpacked/psutil/LICENSE"),
    ("msgspec", "msgspec", "BSD-3-Clause", "unpacked/msgspec/LICENSE"),
    ("Click, part of typer", "typer", "BSD-3-Clause", "packages/typer/_click/LICENSE.txt"),
    ("MarkupSafe", "MarkupSafe", "BSD-3-Clause", "unpacked/markupsafe/LICENSE.txt"),
)
_UNUSED_CHOICE = {"pyroute2": "LICENSE.GPL-2.0-or-later"}
"""pyroute2 is under the Apache licence or the GPL, as one likes: doctor takes the Apache licence."""
_NAMED = {"Jinja2": "BSD-3-Clause", "pyroute2": "Apache-2.0, chosen from Apache-2.0 OR GPL-2.0-or-later"}


def licences(work: Path) -> bytes:
    """Return the table and all texts. Raises ``LookupError`` for a package without a text."""
    versions = {name: known["version"] for names in inputs().values() for name, known in names.items()}
    found = [(name, versions[of], licence, (work / path).read_text()) for name, of, licence, path in _COMPILED]
    for place in sorted((work / "packages").glob("*.dist-info")):
        about = Parser().parsestr((place / "METADATA").read_text())
        name = about["Name"]
        named = _NAMED.get(name) or about["License-Expression"] or about["License"] or "see the text"
        texts = sorted(
            path for path in place.rglob("*") if path.name.upper().startswith(("LICEN", "COPYING")) and path.is_file()
        )
        chosen = [path.read_text() for path in texts if path.name != _UNUSED_CHOICE.get(name)]
        if not chosen:
            raise LookupError(f"{place}: no text of a licence")
        found.append((name, about["Version"], named.splitlines()[0], "\n".join(chosen)))
    found.sort(key=lambda one: (one[0] != "container-doctor", one[0].lower()))
    lines = [f"{name} {version}: {licence}" for name, version, licence, _ in found]
    texts_of = [f"{'=' * 78}\n{name} {version}\n{'=' * 78}\n\n{text.strip()}\n" for name, version, _, text in found]
    return ("\n".join(lines) + "\n\n" + "\n\n".join(texts_of)).encode()
