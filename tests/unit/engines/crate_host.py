"""A host with Crate, the third engine of the tests: its data root, and its process if that was started."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from doctor.host import processes
from doctor.host.base import Process
from doctor.host.recorded import RecordedAnswers, RootHost

PROGRAM = Path(__file__).parents[2] / "plugins/doctor-crate/src/doctor_crate/crated.py"


class CrateHost(RootHost):
    """A live host beneath a directory: only Crate runs on it."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.data = top / "host/var/lib/crate"
        build(self.data)
        super().__init__(str(top / "host"), RecordedAnswers(live=True))

    def processes(self) -> tuple[Process, ...]:
        """Return the engine's process."""
        return tuple(one for one in processes.read_all() if one.pid == self.pid)

    def now(self) -> float:
        """Return the real time."""
        return time.time()

    @property
    def pid(self) -> int:
        """The pid of the engine that was started last, 0 for none."""
        try:
            return int((self.top / "crated.pid").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    @property
    def socket(self) -> Path:
        """Where it answers."""
        return self.top / "crate.sock"

    def start(self) -> None:
        """Start the engine, and wait until it answers."""
        program = self.top / "crated"
        if not program.exists():
            program.symlink_to(sys.executable)
        argv = [str(program), "-I", "-S", str(PROGRAM), str(self.data), str(self.socket)]
        process = subprocess.Popen(argv, start_new_session=True)
        while self.pid != process.pid:
            assert process.poll() is None
            time.sleep(0.01)
        process.returncode = 0  # it is ended by pid

    def stop(self) -> None:
        """Kill whatever is left of it."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    @property
    def is_running(self) -> bool:
        """Whether the engine runs, and is not a zombie."""
        return any(one.state != "Z" for one in self.processes())

    @property
    def index(self) -> dict[str, str]:
        """The boxes of the index."""
        boxes: dict[str, str] = json.loads((self.data / "index.json").read_bytes())["boxes"]
        return boxes

    def lose(self, box: str) -> None:
        """Take a box out of the index."""
        document = json.loads((self.data / "index.json").read_bytes())
        del document["boxes"][box]
        (self.data / "index.json").write_text(json.dumps(document))


def build(top: Path) -> None:
    """Write a data root with two boxes, an image and a stash."""
    for name in ("boxes/web", "boxes/db", "blobs", "stashes/data"):
        (top / name).mkdir(parents=True)
    (top / "store.db").touch()
    (top / "boxes/web/page").write_text("hello\n")
    (top / "stashes/data/row").write_text("1\n")
    layer = blob(top, b"\0" * 1024)
    config = blob(top, b'{"rootfs":{"type":"layers","diff_ids":["sha256:' + layer.encode() + b'"]}}')
    manifest = {
        "schemaVersion": 2,
        "config": {"digest": f"sha256:{config}", "size": 1},
        "layers": [{"digest": f"sha256:{layer}", "size": 1024}],
    }
    image = blob(top, json.dumps(manifest).encode())
    index = {"boxes": {"web": image, "db": image}, "images": {"app:1": image}}
    (top / "index.json").write_text(json.dumps(index))


def blob(top: Path, content: bytes) -> str:
    """Write a blob and return the digits of its digest."""
    digits = hashlib.sha256(content).hexdigest()
    (top / "blobs" / digits).write_bytes(content)
    return digits
