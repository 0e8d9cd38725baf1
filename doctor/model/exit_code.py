"""The exit codes of the command line: defined only here, and documented in ``docs/guide.md`` and ``doctor --help``."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended. ``doctor run`` and ``doctor-runtime`` return the container's own code instead."""

    OK = 0
    """No finding at or above ``--fail-on`` in the whole scan; or the repair was applied and verified; or nothing to repair."""
    FOUND = 1
    """Findings remain, a probe failed, a salvage left something out, or what ran before an undo does not run after it."""
    USAGE = 2
    """The command line or a settings file is wrong."""
    INCOMPLETE = 3
    """A check that should have run could not, or no check ran, and nothing worse was found."""
    ROLLED_BACK = 4
    """A repair failed and was rolled back completely."""
    REFUSED = 5
    """More risk than ``--allow``, a missing privilege, a busy host, an unfinished run, or an untrusted plugin."""
    HALF_DONE = 6
    """A repair failed and could not be rolled back completely: the report lists the remaining changes and the next
    steps.
    """
    START_STOPPED = 10
    """``doctor guard`` only: this start of the engine would destroy data."""
