"""Reads typed fields of a JSON object strictly: a wrong type or an unknown field is an error."""

from doctor.runtime.base.frozen import USAGE, LaunchError


def bad(message: str) -> LaunchError:
    """An invalid specification: exit 2."""
    return LaunchError(message, USAGE)


class FieldReader:
    """Reads typed fields of one JSON object and finally rejects unread ones."""

    def __init__(self, source: object, where: str) -> None:
        if not isinstance(source, dict):
            raise bad(f"{where}: expected an object, got {_kind(source)}")
        self._left: dict[str, object] = dict(source)
        self.where = where

    def take(self, name: str) -> object:
        """The raw value, None if it is absent."""
        return self._left.pop(name, None)

    def text(self, name: str, default: str | None = None) -> str | None:
        """A string without NUL."""
        value = self.take(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self._wrong(name, "a string", value)
        if "\0" in value:
            raise bad(f"{self.where}.{name}: a NUL can't be part of it")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise bad(f"{self.where}.{name}: a lone surrogate can't be part of it") from None
        return value

    def path(self, name: str) -> str | None:
        """An absolute path without `..`."""
        value = self.text(name)
        if value is not None and not is_plain_path(value):
            raise bad(f"{self.where}.{name}: expected an absolute path without '..', got {value!r}")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean."""
        value = self.take(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false", value)
        return value

    def number(self, name: str, low: int, high: int) -> int | None:
        """A whole number in a range."""
        value = self.take(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._wrong(name, "a whole number", value)
        if not low <= value <= high:
            raise bad(f"{self.where}.{name}: {value} is not between {low} and {high}")
        return value

    def fraction(self, name: str, low: float, high: float) -> float | None:
        """A number in a range."""
        value = self.take(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(name, "a number", value)
        if not low <= value <= high:
            raise bad(f"{self.where}.{name}: {value} is not between {low} and {high}")
        return float(value)

    def items(self, name: str) -> list[object]:
        """A list, empty if it is absent."""
        value = self.take(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(name, "a list", value)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings."""
        items = self.items(name)
        if all(type(item) is str for item in items):
            joined = "".join(map(str, items))
            if joined.isascii() and "\0" not in joined:
                return tuple(map(str, items))
        found = []
        for index, item in enumerate(items):
            value = FieldReader({name: item}, self.where).text(name)
            if value is None:
                raise bad(f"{self.where}.{name}[{index}]: expected a string, got null")
            found.append(value)
        return tuple(found)

    def mapping(self, name: str) -> dict[str, object]:
        """An object, empty if it is absent."""
        value = self.take(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self._wrong(name, "an object", value)
        return value

    def end(self) -> None:
        """Raise if a field was not read."""
        for name in sorted(self._left):
            raise bad(f"{self.where}: unknown field '{name}'")

    def _wrong(self, name: str, wanted: str, value: object) -> LaunchError:
        return bad(f"{self.where}.{name}: expected {wanted}, got {_kind(value)}")


def is_plain_path(path: str) -> bool:
    """Whether a path is absolute and has no `..`."""
    return path.startswith("/") and ".." not in path.split("/")


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def address_of(text: str) -> bytes | None:
    """The four bytes of an IPv4 address, or None."""
    parts = text.split(".")
    if len(parts) != 4 or not all(p.isascii() and p.isdigit() and len(p) <= 3 and int(p) < 256 for p in parts):
        return None
    return bytes(int(p) for p in parts)
