"""``doctor --licences`` of an installed command: each package that it needs, and where its text is."""

import importlib.metadata
import os
import re

import pytest

from doctor.cli.commands import licences


@pytest.mark.not_in_one_file("files")
def test_each_needed_package_is_named_with_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    licences.show()
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"doctor [\d.]+: Apache-2.0", lines[0])
    named = {line.split()[0].lower() for line in lines if not line.startswith(" ")}
    needed = importlib.metadata.requires("container-doctor") or []
    direct = {re.split(r"[<>=;\s]", need)[0].lower() for need in needed if "extra ==" not in need}
    assert direct <= named
    assert not any(line.endswith(": ") for line in lines)
    texts = [line.strip() for line in lines if line.startswith("  ")]
    assert len(texts) >= len(direct)
    assert all(os.path.isfile(path) for path in texts)


def test_the_one_file_prints_what_was_packed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(licences, "IS_ONE_FILE", True)
    monkeypatch.setattr(licences, "own_file", lambda path: f"{path.rpartition('/doctor/')[2]}\n".encode())
    licences.show()
    assert capsys.readouterr().out == "licences.txt\n"
