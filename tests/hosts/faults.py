"""Faults by name: each breaks a box as a real host breaks, and one printed line repeats it.

    inject(box, "state/repositories-nul", seed=3)

`names()` lists them. Those of `state/…` want dockerd dead (`box.power_loss()` first), those of `forward/…` and `firewall/…`
change the kernel of the running box, those of `config/…` and `logging/…` take effect when dockerd starts.
"""

from collections.abc import Iterable
from random import Random

from tests.hosts import config_faults, network_faults, state_faults
from tests.hosts.box import Box
from tests.hosts.fault import FAULTS

_ = config_faults, network_faults, state_faults  # Their import registers the faults.


def names(prefix: str = "") -> list[str]:
    """All faults whose name begins so, sorted."""
    return sorted(name for name in FAULTS if name.startswith(prefix))


def inject(box: Box, name: str, seed: int = 0) -> str:
    """Do one fault and print the line that repeats it; returns what was done.

    The seed chooses among the files or rules that the fault may hit. On the same data root (`patient()` is kept) it
    chooses the same ones.
    """
    done = FAULTS[name](box, Random(f"{name} {seed}"))
    print(f"inject(box, {name!r}, seed={seed})  # {done}", flush=True)
    return done


def inject_all(box: Box, wanted: Iterable[str], seed: int = 0) -> list[str]:
    """Several faults in the given order."""
    return [inject(box, name, seed) for name in wanted]
