"""The engine's process: ``crated ROOT SOCKET``. It locks its store and answers each connection with the boxes of its index."""

import fcntl
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path


def main(root: Path, place: Path) -> None:
    """Serve until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    store = (root / "store.db").open("rb")
    fcntl.flock(store, fcntl.LOCK_EX | fcntl.LOCK_NB)
    boxes = json.loads((root / "index.json").read_bytes())
    place.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(place))
        server.listen()
        (place.parent / "crated.pid").write_text(f"{os.getpid()}\n")
        while True:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(json.dumps(boxes).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
