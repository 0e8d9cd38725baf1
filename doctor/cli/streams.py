"""Standard streams that the caller closed (``>&-``)."""

import os
import sys
from typing import TextIO

_kept: TextIO | None = None
"""The stream, so that it is not closed: that would write what is left in it, and fail."""


def keep_numbers() -> None:
    """Open the end of an empty pipe under the number of each closed stream, so that no file of doctor's gets the number.

    A write to it is refused, so a command whose output is lost says so. Standard error remains closed for doctor itself.
    """
    global _kept  # noqa: PLW0603
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is this one.
            _, writer = os.pipe()
            os.close(writer)
    if sys.stdout is None:
        sys.stdout = _kept = open(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
