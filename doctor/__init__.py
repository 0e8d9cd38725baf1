"""doctor: finds out why a container host is broken, repairs it without loss, and proves it."""

import os

__version__ = "0.1.0"

# ``checks``, ``fixers`` and ``reports`` are ``doctor.checks`` and so on: names that no other distribution can overwrite or
# hide. A wheel holds them in this directory; in a checkout they stand beside it (docs/decisions/0020).
_HERE = os.path.dirname(os.path.abspath(__file__))
if not os.path.isdir(f"{_HERE}/checks") and os.path.isfile(f"{os.path.dirname(_HERE)}/pyproject.toml"):
    __path__.append(os.path.dirname(_HERE))
