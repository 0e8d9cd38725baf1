"""Claims about time on a machine that does other work too."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def within(
    seconds: float, run: Callable[[], T], *, tries: int = 5, clock: Callable[[], float] = time.process_time
) -> T:
    """Return what ``run`` returns, once it took less than so many seconds (of CPU, by default); fail where no try did.

    What is too slow by itself fails every try; what only met a busy moment does not.
    """
    spent = []
    for _ in range(tries):
        started = clock()
        result = run()
        spent.append(clock() - started)
        if spent[-1] < seconds:
            return result
    shown = ", ".join(f"{each:.3f}" for each in spent)
    raise AssertionError(f"not within {seconds:g} s in {tries} tries: {shown}")
