"""lintian and rpmlint have no remark but those that are answered; two builds are the same."""

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]
RPMLINT = Path(__file__).parents[2] / "packages/rpmlint.toml"


@pytest.mark.skipif(shutil.which("lintian") is None, reason="needs lintian")
def test_lintian(built: Path) -> None:
    argv = ["lintian", "--tag-display-limit", "0", "--allow-root", *sorted(built.glob("*-1_*.deb"))]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.stdout == ""


@pytest.mark.skipif(shutil.which("rpmlint") is None, reason="needs rpmlint")
def test_rpmlint(built: Path) -> None:
    argv = ["rpmlint", "-c", RPMLINT, *sorted(built.glob("*-1.*.rpm"))]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert " 0 errors, 0 warnings" in done.stdout, done.stdout
