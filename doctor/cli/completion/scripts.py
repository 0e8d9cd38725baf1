"""The completion scripts of the shells. Each asks ``doctor __complete`` and shows what it answers."""

from doctor import own_file
from doctor.model.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


def script(shell: str) -> str:
    """Return the script for a shell; raises ``UsageError`` for one that is not supported."""
    if shell not in SHELLS:
        raise UsageError(f"completion does not support '{shell}'", do=f"use {', '.join(SHELLS)}")
    return own_file(f"{__file__.rpartition('/')[0]}/doctor.{shell}").decode()
