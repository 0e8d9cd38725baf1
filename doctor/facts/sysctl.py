"""Kernel settings: what they are now, and what they will be after the next boot."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sysctl:
    """Values under /proc/sys, keyed as sysctl(8) names them ("net.ipv4.ip_forward"), without the final newline."""

    values: dict[str, str]

    def value(self, key: str) -> str | None:
        """Return the text of a key, or ``None`` where this kernel has none."""
        return self.values.get(key)

    def number(self, key: str) -> int | None:
        """Return a key as an integer, or ``None`` where it is absent or no integer."""
        text = self.values.get(key)
        try:
            return None if text is None else int(text)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setter:
    """One line of a sysctl file that sets a key: where it stands and what it sets."""

    file: str
    line: int
    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SysctlFiles:
    """All lines of sysctl.d and sysctl.conf in the order in which the next boot applies them: the last one wins."""

    setters: tuple[Setter, ...]

    def last_setter(self, key: str) -> Setter | None:
        """Return the line that decides ``key`` at boot, or ``None`` when no file sets it."""
        for setter in reversed(self.setters):
            if setter.key == key:
                return setter
        return None
