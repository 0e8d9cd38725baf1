"""The registry of faults: ``@fault(NAME)`` adds one."""

from collections.abc import Callable
from random import Random

from tests.hosts.box import Box

Fault = Callable[[Box, Random], str]

FAULTS: dict[str, Fault] = {}


def fault(name: str) -> Callable[[Fault], Fault]:
    """Register a fault; the function does it and returns in a few words what it did."""

    def register(function: Fault) -> Fault:
        if name in FAULTS:
            raise ValueError(f"two faults are called {name}")
        FAULTS[name] = function
        return function

    return register
