"""Stages of starts that were killed, with everything that would have removed them."""

from msgspec import Struct

STAGES = "/run/doctor-start"
"""Where rungs keep what a start needs, until they end (doctor/runtime/rungs/stage.py)."""


class StartLeftovers(Struct, frozen=True, kw_only=True):
    """Names of stages that are older than any rung may run."""

    names: tuple[str, ...] = ()
