"""Watches several containers of one process: their output, timeouts and exits."""

import errno
import select
import time

from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.base.system import os, signal
from doctor.runtime.plan.container import ContainerPlan
from doctor.runtime.process.launch import Running, Stdio, check_report

_TICK_S = 0.02  # fallback without pidfd (before Linux 5.3)
_CHUNK = 65536
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class BatchJob:
    """One container of a batch: its output so far and its exit.

    Attributes:
        streams: kept stdout (1) and stderr (2).
        dropped: bytes of each beyond `output_bytes`.
        error: why it did not start, or None.
        timed_out, killed: killed by its timeout, or at the end of the batch.
        ended: seconds since it was started, None while it runs.
    """

    def __init__(self, running: Running, stdio: Stdio) -> None:
        self.running = running
        self.plan: ContainerPlan = running.plan
        self.streams: dict[int, bytearray] = {1: bytearray(), 2: bytearray()}
        self.dropped: dict[int, int] = {1: 0, 2: 0}
        self.report = b""
        self.error: LaunchError | None = None
        self.timed_out = False
        self.killed = False
        self.ended: float | None = None
        self.reading: dict[int, int] = {
            stdio.outside[number]: number for number in self.streams if number in stdio.outside
        }
        self.reading[running.report] = 0
        self.writing = stdio.outside.get(0)
        self.to_write = (self.plan.stdin or "").encode()
        self.reported = False
        try:
            self.pidfd = os.pidfd_open(running.pid)
        except OSError:
            self.pidfd = -1

    def is_ready(self) -> bool:
        """Whether its command runs and has printed the plan's ready text."""
        if not self.reported or self.error is not None:
            return False
        return self.plan.ready is None or self.plan.ready.encode() in self.streams[1]

    def seconds_left(self, now: float) -> float | None:
        """Seconds until its timeout."""
        if self.plan.timeout_s is None or self.timed_out:
            return None
        return max(0.0, self.running.started + self.plan.timeout_s - now)


class Supervisor:
    """Running jobs. `step` waits for the next event.

    A signal that ends a batch raises LaunchError only in `step` and `check`, never during a container's start or exit: it
    would be mistaken for that container's error, and the result of one that just ended would be lost.
    """

    def __init__(self) -> None:
        self.jobs: list[BatchJob] = []
        self._signalled, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        for number in _ENDING:
            signal.signal(number, _note)

    def check(self) -> None:
        """Raise LaunchError if a signal has come."""
        poll = select.poll()
        if self._signalled >= 0:
            poll.register(self._signalled, select.POLLIN)
            if poll.poll(0):
                self._end()

    def _end(self) -> None:
        """End like after an error: containers are killed, their results written, all changes undone."""
        number = os.read(self._signalled, 1)[0]
        self._signalled = -1
        for other in _ENDING:
            signal.signal(other, signal.SIG_IGN)
        raise LaunchError(f"interrupted by signal {number}", 128 + number)

    def add(self, job: BatchJob) -> None:
        """Watch one more."""
        self.jobs.append(job)
        for descriptor in job.reading:
            os.set_blocking(descriptor, False)
        if job.writing is not None:
            os.set_blocking(job.writing, False)

    def step(self, limit_s: float | None = None) -> list[BatchJob]:
        """Wait for an event, at most `limit_s`; returns the jobs that have ended since."""
        poll = select.poll()
        owners = self._register(poll)
        ready = poll.poll(self._patience(limit_s))
        self.check()
        for descriptor, _ in ready:
            if descriptor in owners:
                self._serve(owners[descriptor], descriptor)
        now = time.monotonic()
        for job in self.jobs:
            if job.seconds_left(now) == 0:
                job.timed_out = True
                job.running.kill()
        ended = [job for job in self.jobs if self._has_ended(job)]
        self.jobs = [job for job in self.jobs if job not in ended]
        return ended

    def kill_all(self) -> list[BatchJob]:
        """Kill running containers and wait for them."""
        for job in self.jobs:
            job.killed = True
            job.running.kill()
        ended = []
        while self.jobs:
            ended += self.step()
        return ended

    def _register(self, poll: select.poll) -> dict[int, BatchJob]:
        owners = {}
        if self._signalled >= 0:
            poll.register(self._signalled, select.POLLIN)
        for job in self.jobs:
            for descriptor in (*job.reading, *([job.pidfd] if job.pidfd >= 0 else [])):
                poll.register(descriptor, select.POLLIN)
                owners[descriptor] = job
            if job.writing is not None:
                poll.register(job.writing, select.POLLOUT)
                owners[job.writing] = job
        return owners

    def _patience(self, limit_s: float | None) -> float | None:
        now = time.monotonic()
        waits = [left for job in self.jobs if (left := job.seconds_left(now)) is not None]
        if limit_s is not None:
            waits.append(limit_s)
        if any(job.pidfd < 0 for job in self.jobs):
            waits.append(_TICK_S)
        return min(waits) * 1000 + 1 if waits else None

    def _serve(self, job: BatchJob, descriptor: int) -> None:
        if descriptor == job.writing:
            self._feed(job)
        elif descriptor in job.reading:
            self._read(job, descriptor)
        elif descriptor == job.pidfd:
            os.close(job.pidfd)
            job.pidfd = -1
            job.running.reap(wait=True)

    @staticmethod
    def _feed(job: BatchJob) -> None:
        if job.writing is None:
            return
        try:
            written = os.write(job.writing, job.to_write[:_CHUNK]) if job.to_write else 0
        except OSError as error:
            if error.errno == errno.EAGAIN:
                return
            written = len(job.to_write)  # the reader is gone
        job.to_write = job.to_write[written:]
        if not job.to_write:
            os.close(job.writing)
            job.writing = None

    @staticmethod
    def _read(job: BatchJob, descriptor: int) -> None:
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        number = job.reading[descriptor]
        if not chunk:
            os.close(descriptor)
            del job.reading[descriptor]
            if number == 0:
                _judge_report(job)
        elif number == 0:
            job.report += chunk
        else:
            room = max(0, job.plan.output_bytes - len(job.streams[number]))
            job.streams[number] += chunk[:room]
            job.dropped[number] += len(chunk[room:])

    @staticmethod
    def _has_ended(job: BatchJob) -> bool:
        if job.pidfd >= 0 or not job.running.reap(wait=False):
            return False
        if job.writing is not None:
            os.close(job.writing)
            job.writing = None
        if job.reading:
            return False
        if job.ended is None:
            job.ended = time.monotonic() - job.running.started
        return True


def _note(_number: int, _frame: object) -> None:
    """The kernel's note has gone to the descriptor of `set_wakeup_fd`."""


def _judge_report(job: BatchJob) -> None:
    job.reported = True
    try:
        check_report(job.report, job.plan)
    except LaunchError as failure:
        job.error = failure
