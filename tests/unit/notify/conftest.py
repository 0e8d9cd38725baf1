"""A certificate for servers of the tests, and a post office."""

import shutil
import subprocess
from pathlib import Path

import pytest

from doctor.notify import scheduled
from tests.unit.notify.kit import Post


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost that nobody trusts, with its key."""
    place = tmp_path_factory.mktemp("tls") / "both.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    argv = [
        "openssl",
        *words.split(),
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        place,
        "-out",
        f"{place}.crt",
    ]
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl on this machine")
    subprocess.run(argv, check=True, capture_output=True)
    return place


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    """A post office in place of the network."""
    made = Post()
    monkeypatch.setattr(scheduled, "deliver", made.deliver)
    return made
