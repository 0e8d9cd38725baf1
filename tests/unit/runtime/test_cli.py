"""The runtime's command line before anything runs."""

import pytest

from doctor.runtime import cli


def test_a_root_without_devices_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A chroot into a broken host often has an empty /dev."""

    def missing(*_: object) -> int:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(cli.os, "open", missing)
    code = cli.main(["batch"])
    monkeypatch.undo()
    assert code == 125
    said = capfd.readouterr().err
    assert (
        said
        == "doctor-runtime: /dev/null can't be opened: no such file or directory (2); in a chroot, mount the host's /dev\n"
    )


def test_the_help_names_no_interpreter() -> None:
    """The one file is for hosts without it."""
    assert "python" not in cli.HELP
