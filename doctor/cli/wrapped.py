"""Wraps and marks text for a terminal."""

import textwrap

from doctor.cli.common import SharedOptions
from doctor.plugins.catalog import Catalog

_WIDTH = 88


def filled(text: str, *, indent: str = "", hang: str | None = None) -> list[str]:
    """Return a text in lines; ``hang`` is the indent of all lines but the first, by default the same."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if hang is None else hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def bold(text: str, shared: SharedOptions) -> str:
    """Return a text in bold if the output has colours."""
    return f"\x1b[1m{text}\x1b[0m" if shared.colour else text


def about(catalog: Catalog, identity: str) -> str:
    """Return a check's id and summary on one line."""
    return f"{identity:<38} {catalog.check(identity).summary}"
