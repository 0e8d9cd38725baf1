"""The cost of a command before it has done anything: the interpreter, the imports, the command line."""

from collections.abc import Iterator

from benchmarks.hosts import DOCTOR, PYTHON, measure_here
from benchmarks.measure import Command
from benchmarks.table import Bar, Section

_BARE = "python -c pass"


def sections(rounds: int) -> Iterator[Section]:
    """`--version` and `--help` against an interpreter that does nothing."""
    commands = [
        Command(name=_BARE, argv=(PYTHON, "-c", "pass")),
        Command(name="doctor --version", argv=(DOCTOR, "--version"), says="0."),
        Command(name="doctor --help", argv=(DOCTOR, "--help"), says="scan"),
        Command(name="doctor list", argv=(DOCTOR, "list"), says="network/ip-forward-off"),
    ]
    yield Section(
        title="Start-up",
        about="The same interpreter, warm, bytecode compiled.",
        samples=measure_here(commands, rounds),
        bars=(
            Bar(name="doctor --version", figure="cpu_s", most=1.5, times=_BARE),
            Bar(name="doctor --version", figure="wall_s", most=1.5, times=_BARE),
        ),
    )
