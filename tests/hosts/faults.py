"""Faults by name: each breaks a box as a real host breaks, and one printed line repeats it.

    inject(box, "state/repositories-torn", seed=3)

`names()` lists them. Those of `state/…` want dockerd dead (`box.power_loss()` first), those of `forward/…` and `firewall/…`
change the kernel of the running box, those of `config/…` and `logging/…` take effect when dockerd starts.
"""

from collections.abc import Callable, Iterable
from random import Random

from tests.hosts.box import Box

Fault = Callable[[Box, Random], str]

_FAULTS: dict[str, Fault] = {}


def fault(name: str) -> Callable[[Fault], Fault]:
    """Register a fault; the function does it and returns in a few words what it did."""

    def register(function: Fault) -> Fault:
        if name in _FAULTS:
            raise ValueError(f"two faults are called {name}")
        _FAULTS[name] = function
        return function

    return register


def names(prefix: str = "") -> list[str]:
    """All faults whose name begins so, sorted."""
    _load()
    return sorted(name for name in _FAULTS if name.startswith(prefix))


def inject(box: Box, name: str, seed: int = 0) -> str:
    """Do one fault and print the line that repeats it; returns what was done.

    The seed chooses among the files or rules that the fault may hit. On the same data root (`patient()` is kept) it
    chooses the same ones.
    """
    _load()
    done = _FAULTS[name](box, Random(f"{name} {seed}"))
    print(f"inject(box, {name!r}, seed={seed})  # {done}", flush=True)
    return done


def inject_all(box: Box, wanted: Iterable[str], seed: int = 0) -> list[str]:
    """Several faults in the given order."""
    return [inject(box, name, seed) for name in wanted]


def _load() -> None:
    """Import the modules that register faults."""
    from tests.hosts import config_faults, network_faults, state_faults

    _ = config_faults, network_faults, state_faults
