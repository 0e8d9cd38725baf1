"""The one file's inputs: each has a digest, and a licence that ``doctor --licences`` prints."""

import re
from pathlib import Path

from onefile import licences
from onefile.fetch import inputs
from onefile.omitted import is_omitted

ROOT = Path(__file__).parents[3]


def test_every_input_has_a_version_and_digests() -> None:
    for names in inputs().values():
        for name, known in names.items():
            digests = [value for key, value in known.items() if key != "version"]
            assert digests, name
            assert all(re.fullmatch("[0-9a-f]{64}", value) for value in digests), name


def test_every_compiled_input_has_a_licence() -> None:
    """Those of wheels are read from the wheels."""
    known = inputs()
    named = {of for _, of, _, _ in licences._COMPILED}
    assert {*known["debian"], *known["sources"], "ziglang"} <= named


def test_every_package_that_doctor_requires_is_an_input() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    required = re.search(r"^dependencies = \[(.*?)^\]", text, re.DOTALL | re.MULTILINE)
    assert required is not None
    wanted = {name.lower() for name in re.findall(r'"([\w-]+)[<>=]', required[1])}
    known = inputs()
    assert wanted <= {name.lower() for name in (*known["sources"], *known["wheels"])}


def test_a_module_that_doctor_imports_stays_in() -> None:
    """By its first line of import; the test of the built file imports each."""
    pattern = re.compile(r"^\s*(?:import|from) (\w+)", re.MULTILINE)
    used = {
        name
        for room in ("doctor", "checks", "fixers", "reports")
        for path in (ROOT / room).rglob("*.py")
        for name in pattern.findall(path.read_text())
    }
    assert sorted(name for name in used if is_omitted(f"{name}.py")) == ["ssl"]
