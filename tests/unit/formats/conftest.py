"""Judges written in Go: built once a run, skipped with the reason where Go isn't there."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LIBRARIES = Path("/usr/share/gocode")
"""Where Debian's golang-*-dev packages put their sources."""

Build = Callable[[str], Path]


@pytest.fixture(scope="session")
def build_go(tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("go")

    def build(name: str, library: str = "") -> Path:
        go = shutil.which("go")
        if go is None:
            pytest.skip("needs the package golang-go")
        if library and not (LIBRARIES / "src" / library).is_dir():
            pytest.skip(f"needs Debian's package of {library}")
        program = folder / name
        built = subprocess.run(
            [go, "build", "-o", program, HERE / "oracle" / f"{name}.go"],
            # No module proxy, no network: only what Debian installed.
            # The user's own build cache makes the second run a matter of milliseconds.
            env={
                **({} if "HOME" in os.environ else {"GOCACHE": str(folder / "cache")}),
                **os.environ,
                "GO111MODULE": "off",
                "GOPATH": str(LIBRARIES),
                "GOFLAGS": "",
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert built.returncode == 0, built.stderr
        return program

    return build
