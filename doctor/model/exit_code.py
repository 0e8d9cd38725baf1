"""The exit codes of the command line: defined here alone, and documented in ``docs/guide.md`` and ``doctor --help``."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended. ``doctor run`` and ``doctor-runtime`` hand on the container's own code instead."""

    OK = 0
    """No finding at or above ``--fail-on`` in the whole scan; or the repair was applied and verified; or nothing to repair."""
    FOUND = 1
    """Findings remain, a probe failed, a salvage left something out, or what ran before an undo does not run after it."""
    USAGE = 2
    """The command line or a settings file is wrong."""
    INCOMPLETE = 3
    """A check that should have run could not, or none ran at all, and nothing worse was found."""
    ROLLED_BACK = 4
    """A repair failed and was rolled back, all of it."""
    REFUSED = 5
    """More risk than ``--allow``, a missing privilege, a busy host, an unfinished run, or an untrusted plugin."""
    HALF_DONE = 6
    """A repair failed and could not be wholly rolled back: the report says what is where, and what to do."""
    START_STOPPED = 10
    """``doctor guard`` only: this start of the engine would destroy data."""
