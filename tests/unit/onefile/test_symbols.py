"""The one file has no dynamic linker: its table holds each function that doctor asks of the C library."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
ASKED = re.compile(r"(?:\blibc\.|_libc\.|CDLL\(None[^)]*\)\.)(\w+)\(|dlsym\([^\"]*\"(\w+)\"|getattr\(_?libc, \"(\w+)\"")
NAMED = re.compile(r"\b_call\(\"(\w+)\"")
ALIAS = re.compile(r"= _libc\.(\w+)$", re.MULTILINE)


def test_each_function_asked_by_ctypes_is_in_the_table() -> None:
    """A missing one would fail on the host that is broken, and only there."""
    texts = [path.read_text() for path in (ROOT / "doctor").rglob("*.py")]
    asked = {name for text in texts for pair in ASKED.findall(text) for name in pair if name}
    asked |= {name for text in texts for name in ALIAS.findall(text)}
    asked |= set(NAMED.findall((ROOT / "doctor/host/trace/netns.py").read_text()))
    table = set(re.findall(r'\{"(\w+)", \(void \*\)', (ROOT / "onefile/main.c").read_text()))
    assert {"syscall", "mount", "setns"} <= asked
    assert asked == table
