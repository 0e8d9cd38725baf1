"""Runs inside a box: puts every kind of evil at one place, scans, and prints what came of it.

    python bad_input_kit.py PLACE [ROOT]   →  {"fifo": {"code": 1, "seconds": 0.1, "wrong": []}, …}

The scans are forked from one process that has loaded the command once, so that a thousand of them take minutes.
"""

import glob
import importlib
import json
import os
import shutil
import socket
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

CANARY = "c4n4ry-of-another"
OUTSIDE = "/srv/outside"
DATA = "/var/lib/docker"
_LIMIT_S = 20.0
_CODES = {0, 1, 3}

DEEP = b'{"a":' * 50_000
WRONG = {
    "Config": [],
    "ID": {},
    "Name": [],
    "State": "x",
    "Driver": 3,
    "LogConfig": [],
    "HostConfig": [],
    "MountPoints": [],
    "NetworkSettings": 4,
    "Repositories": [1],
    "rootfs": 7,
    "log-opts": 1,
    "hosts": {},
    "data-root": [],
    "log-driver": {},
    "storage-driver": 3,
    "default-address-pools": "q",
    "runtimes": [],
    "live-restore": "yes",
}


def _write(content: bytes) -> Callable[[str], None]:
    def make(path: str) -> None:
        Path(path).write_bytes(content)

    return make


def _link(target: str) -> Callable[[str], None]:
    return lambda path: os.symlink(target, path)


def _huge(path: str) -> None:
    with open(path, "wb") as stream:
        stream.truncate(200 << 20)


def _socket(path: str) -> None:
    os.chdir(os.path.dirname(path))  # a socket's path has 108 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.basename(path))
    os.chdir("/")


def _names(path: str) -> None:
    os.mkdir(path)
    for name in (
        b"a\nb\x1b[31m.conf",
        b"\xff\xfe.conf",
        b"x" * 250 + b".conf",
        b" .conf",
        b"-rf",
        b"\xe2\x80\xae.json",
    ):
        Path(os.fsdecode(os.fsencode(path) + b"/" + name)).write_bytes(b"\xff\n\x1b[2J=\n")
    for name in (b"d\n\x1b[31m", b"\xff", b"f" * 64):
        os.mkdir(os.fsencode(path) + b"/" + name)


EVILS: dict[str, Callable[[str], None]] = {
    "fifo": os.mkfifo,
    "directory": os.mkdir,
    "names": _names,
    "socket": _socket,
    "device": lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5)),  # /dev/zero never ends
    "disk": lambda path: os.mknod(path, 0o600 | stat.S_IFBLK, os.makedev(7, 99)),
    "loop": lambda path: os.symlink(os.path.basename(path), path),
    "shadow": _link("/etc/shadow"),
    "outside": _link(f"{OUTSIDE}/file"),
    "outside-directory": _link(OUTSIDE),
    "dangling": _link("/no/such"),
    "empty": _write(b""),
    "nul": _write(b"\0" * 5000),
    "huge": _huge,
    "binary": _write(bytes(range(256)) * 200),
    "utf16": _write('{"a":1}'.encode("utf-16")),
    "deep": _write(DEEP),
    "null": _write(b"null"),
    "number": _write(b"1e999999"),
    "wrong": _write(json.dumps(WRONG).encode()),
    "twice": _write(b'{"log-driver":"a","log-driver":"b","LOG-DRIVER":"c"}'),
    "keys": _write(b"{" + b",".join(b'"k%d":1' % number for number in range(20_000)) + b"}"),
    "long": _write(b"A=" + b"x" * 3_000_000),
    "lines": _write(b"\n" * 1_000_000),
    "quotes": _write(b'\\"' * 1_000_000),
    "continued": _write(b"[Service]\nExecStart=/usr/bin/dockerd " + b"\\\n" * 500_000),
    "escapes": _write(b"\x1b]0;x\x07\x1b[2J=\x1b[31m\n[Service]\nExecStart=/usr/bin/dockerd --\x1b[2J\n"),
}


def find(pattern: str) -> str:
    """The first file of a pattern."""
    return (sorted(glob.glob(pattern)) or [pattern])[0]


def _load() -> None:
    """Load every module once: a fork then costs nothing."""
    top = Path(importlib.import_module("doctor").__file__ or "").parents[1]
    for package in ("doctor", "checks", "fixers", "reports"):
        for path in sorted((top / package).rglob("*.py")):
            name = ".".join(path.relative_to(top).with_suffix("").parts).removesuffix(".__init__")
            if ".runtime" not in name and not name.endswith(("__main__", ".entry")):
                importlib.import_module(name)


def scan(arguments: list[str]) -> tuple[int, float]:
    """Scan in a child, its output in /tmp/out and /tmp/err; the exit code is -9 where it did not end in time."""
    begin = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        for number, name in ((1, "/tmp/out"), (2, "/tmp/err")):
            os.dup2(os.open(name, os.O_CREAT | os.O_TRUNC | os.O_WRONLY), number)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", errors="backslashreplace")
        code = 99
        try:
            code = importlib.import_module("doctor.cli.app").run(arguments)
        finally:
            sys.stdout.flush()
            os._exit(code)
    while time.monotonic() - begin < _LIMIT_S:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), time.monotonic() - begin
        time.sleep(0.005)
    os.killpg(pid, 9)
    os.waitpid(pid, 0)
    return -9, _LIMIT_S


def wrong(code: int) -> list[str]:
    """Return the problems of a scan's exit code and output."""
    out = Path("/tmp/out").read_bytes().decode(errors="backslashreplace")
    err = Path("/tmp/err").read_bytes().decode(errors="backslashreplace")
    found = [] if code in _CODES else [f"exit code {code}: {err[-300:]}"]
    found += [f"{word}: {err[-400:]}" for word in ("Traceback", "bug in doctor") if word in out + err]
    if CANARY in out + err or "root:*" in out or "root:$" in out or "root:!" in out:
        found.append("what another file holds stands in the report")
    if "\x1b" in out:
        found.append("an escape code stands in the report")
    try:
        report = json.loads(out)
    except ValueError:
        return [*found, "no JSON"]
    for outcome in report["outcomes"]:
        if outcome["incomplete"] and not outcome["reason"]:
            found.append(f"{outcome['id']} gives no reason")
        if ".py:" in outcome["reason"]:
            found.append(f"{outcome['id']} crashed: {outcome['reason']}")
    for finding in report["findings"]:
        if finding["fix"] and "its fixer failed" in finding["fix"]["summary"]:
            found.append(f"{finding['id']}: {finding['fix']['summary']}")
    return found


def try_all(place: str, arguments: list[str]) -> dict[str, dict[str, object]]:
    """Put each evil at the place in turn, scan, and put back what was there."""
    above = os.path.dirname(place)
    os.makedirs(above, exist_ok=True)
    there = os.path.lexists(place)
    kept = os.path.join(above, ".kept~") if place.startswith(DATA) else f"/tmp/kept~{os.path.basename(place)[:40]}"
    if there:
        shutil.move(place, kept)
    found: dict[str, dict[str, object]] = {}
    for name, make in EVILS.items():
        make(place)
        code, seconds = scan(arguments)
        found[name] = {"code": code, "seconds": round(seconds, 2), "wrong": wrong(code)}
        if os.path.isdir(place) and not os.path.islink(place):
            shutil.rmtree(place)
        else:
            os.unlink(place)
    if there:
        shutil.move(kept, place)
    return found


def main() -> None:
    """Print what each evil at the given place led to."""
    os.makedirs(OUTSIDE, exist_ok=True)
    Path(OUTSIDE, "file").write_text(CANARY, encoding="utf-8")
    Path(OUTSIDE, "config.v2.json").write_text(CANARY, encoding="utf-8")
    _load()
    arguments = ["scan", "--format", "json", *(("--root", sys.argv[2]) if sys.argv[2:] else ())]
    print(json.dumps(try_all(find(sys.argv[1]), arguments)))


if __name__ == "__main__":
    main()
