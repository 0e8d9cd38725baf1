"""The man pages: one for each command, with each option, without a remark of those who read them."""

import shutil
import subprocess
from pathlib import Path

import pytest
import typer

from doctor.cli import app as command_line
from packages.man import pages


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("man")
    for name, text in pages("2026-11-30").items():
        (place / name).write_text(text, encoding="ascii")
    return place


def test_each_command_has_a_page_with_each_option(written: Path) -> None:
    command_line.build("")
    app = typer.main.get_command(command_line.app)
    assert {path.name for path in written.iterdir()} == {
        "doctor.1",
        "doctor-runtime.1",
        *(f"doctor-{name}.1" for name in app.commands),
    }
    for name, command in (("doctor", app), *((f"doctor-{name}", one) for name, one in app.commands.items())):
        text = (written / f"{name}.1").read_text()
        for one in (command, *getattr(command, "commands", {}).values()) if command is not app else (app,):
            for option in one.params:
                if option.param_type_name == "option" and not option.hidden:
                    spelled = option.opts[0].replace("-", "\\-")
                    assert f"\\fB{spelled}\\fR" in text, f"{name}: {option.opts}"


def test_a_page_reads_as_it_should(written: Path) -> None:
    text = (written / "doctor-scan.1").read_text()
    assert text.startswith('.TH DOCTOR\\-SCAN 1 2026-11-30 "doctor ')
    assert ".SH NAME\ndoctor\\-scan \\- examine the host and report findings\n" in text
    assert "doctor scan \\-\\-for\\-engine 29" in text
    main = (written / "doctor.1").read_text()
    assert ".B 10" in main
    assert ".I /var/lib/doctor" in main


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="needs mandoc")
def test_mandoc_has_no_remark(written: Path) -> None:
    done = subprocess.run(
        ["mandoc", "-Tlint", "-Wwarning", *written.iterdir()], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_groff_has_no_remark(written: Path) -> None:
    argv = ["groff", "-man", "-ww", "-Tutf8", "-z", *written.iterdir()]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.stderr == ""
