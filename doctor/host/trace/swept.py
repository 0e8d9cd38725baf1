"""Removes what killed traces left."""

import os
from contextlib import suppress

from doctor.facts.starts.leftovers import TRACES


def sweep() -> None:
    """Remove instances of tracefs of which there are notes; on other hosts, nothing is loaded and tracefs is not touched."""
    with suppress(OSError):
        if os.listdir(TRACES):
            from doctor.host.trace.tracefs import Tracefs  # noqa: PLC0415

            tracefs = Tracefs()
            try:
                tracefs.sweep()
            finally:
                tracefs.close()
