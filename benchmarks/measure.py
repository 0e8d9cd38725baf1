"""Run whole processes in turns and say what they cost: wall, CPU of the process tree, peak memory.

As a program it reads an order (JSON) on standard input and prints the samples, so that it can stand inside a box:
{"commands": [{"name": …, "argv": […], "exits": [0, 1]}], "rounds": 15}.
"""

import contextlib
import dataclasses
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

TIMEOUT_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing to measure.

    Attributes:
        name: in the table.
        argv: what to run.
        exits: the exit codes that mean it did its work.
        env: added to the environment.
        proof: run once instead, before anything is measured; its standard output must hold `says`.
    """

    name: str
    argv: tuple[str, ...]
    exits: tuple[int, ...] = (0,)
    env: tuple[tuple[str, str], ...] = ()
    proof: tuple[str, ...] = ()
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run. CPU is user and system time of the process and all children that it waited for; RSS is the largest of them.

    The kernel lets a new program inherit the peak RSS of the one that started it, so the harness stays small, and
    figures below its own 15 MiB or so say nothing.
    """

    wall_s: float
    cpu_s: float
    rss_mib: float


class CommandFailedError(Exception):
    """A measured command ended otherwise than it should; its message ends with what it wrote last."""


def run_once(command: Command, *, is_proof: bool = False) -> Sample:
    """Start the command in a process group of its own and wait for it.

    Raises:
        CommandFailedError: it can't be started, exits with an unexpected code, writes a traceback, takes longer than
            TIMEOUT_S, or as a proof does not say what it should.
    """
    argv = command.proof or command.argv if is_proof else command.argv
    with _memory("answer") as answer, _memory("words") as words:
        actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, words, 2)]
        if is_proof:
            actions.append((os.POSIX_SPAWN_DUP2, answer, 1))
        else:
            actions.append((os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0))
        environment = {**os.environ, **dict(command.env)}
        started = time.perf_counter()
        try:
            pid = os.posix_spawnp(argv[0], argv, environment, file_actions=actions, setpgroup=0)
            with _limit(pid):
                _, status, used = os.wait4(pid, 0)
        except OSError as error:
            raise CommandFailedError(f"{command.name}: {error}") from error
        wall_s = time.perf_counter() - started
        code, said = os.waitstatus_to_exitcode(status), _text(words)
        if code not in command.exits or "Traceback (most recent" in said:
            raise CommandFailedError(f"{command.name} ended with {code}: {said[-400:]}")
        if is_proof and command.says not in _text(answer):
            raise CommandFailedError(f"{command.name}: {' '.join(argv)} does not say {command.says}")
    return Sample(wall_s=wall_s, cpu_s=used.ru_utime + used.ru_stime, rss_mib=used.ru_maxrss / 1024)


@contextlib.contextmanager
def _memory(name: str) -> Iterator[int]:
    handle = os.memfd_create(name)
    try:
        yield handle
    finally:
        os.close(handle)


def _text(handle: int) -> str:
    os.lseek(handle, 0, os.SEEK_SET)
    with os.fdopen(os.dup(handle), "rb") as file:
        return file.read().decode(errors="replace").strip()


@contextlib.contextmanager
def _limit(pid: int) -> Iterator[None]:
    """Kill the process group of `pid` when the time is over; its exit code then shows it."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        os.killpg(pid, signal.SIGKILL)

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, TIMEOUT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def interleave(commands: Sequence[Command], rounds: int) -> dict[str, list[Sample] | str]:
    """Run all commands in turns, A B C, C B A, A B C …, after one round of proofs that is not counted.

    Taking turns lets slow drifts of a shared machine hit all commands alike. A command that fails is left out from then
    on, and has the reason instead of samples.
    """
    found: dict[str, list[Sample] | str] = {command.name: [] for command in commands}
    for turn in range(rounds + 1):
        order = commands if turn % 2 == 0 else list(reversed(commands))
        for command in order:
            samples = found[command.name]
            if isinstance(samples, str):
                continue
            try:
                sample = run_once(command, is_proof=turn == 0)
            except CommandFailedError as error:
                found[command.name] = str(error)
                continue
            if turn > 0:
                samples.append(sample)
    return found


def to_order(commands: Sequence[Command], rounds: int) -> str:
    """The order as text, for a harness elsewhere."""
    return json.dumps({"commands": [dataclasses.asdict(command) for command in commands], "rounds": rounds})


def from_answer(text: str) -> dict[str, list[Sample] | str]:
    """The samples that a harness elsewhere printed."""
    answer: dict[str, Any] = json.loads(text)
    return {
        name: value if isinstance(value, str) else [Sample(**sample) for sample in value]
        for name, value in answer.items()
    }


def main() -> None:
    """Measure what standard input orders."""
    order = json.load(sys.stdin)
    commands = [
        Command(
            name=each["name"],
            argv=tuple(each["argv"]),
            exits=tuple(each.get("exits", (0,))),
            env=tuple((key, value) for key, value in each.get("env", ())),
            proof=tuple(each.get("proof", ())),
            says=each.get("says", ""),
        )
        for each in order["commands"]
    ]
    found = interleave(commands, order["rounds"])
    plain = {
        name: value if isinstance(value, str) else [dataclasses.asdict(sample) for sample in value]
        for name, value in found.items()
    }
    print(json.dumps(plain))


if __name__ == "__main__":
    main()
