"""One object of a bundle's config.json, by its path: applied fields and refused ones."""

from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.plan.reader import FieldReader, bad


class ConfigPart(FieldReader):
    """An object; its messages name the field from the top: "linux.seccomp.flags: …"."""

    def part(self, name: str) -> "ConfigPart":
        """The object of this name; empty if it is absent."""
        value = self.take(name)
        return ConfigPart({} if value is None else value, f"{self.where}.{name}".lstrip("."))

    def parts(self, name: str) -> "list[ConfigPart]":
        """The objects of a list."""
        return [
            ConfigPart(item, f"{self.where}.{name}[{index}]".lstrip(".")) for index, item in enumerate(self.items(name))
        ]

    def names(self) -> list[str]:
        """The names of the fields that were not read yet."""
        return list(self._left)

    def wholes(self, name: str, low: int, high: int) -> tuple[int, ...]:
        """A list of whole numbers."""
        found = []
        for index, item in enumerate(self.items(name)):
            number = ConfigPart({f"{name}[{index}]": item}, self.where).number(f"{name}[{index}]", low, high)
            if number is None:
                raise self.wrong(f"{name}[{index}]", "expected a whole number, got null")
            found.append(number)
        return tuple(found)

    def refuse(self, *names: str, why: str = "this runtime does not support it") -> None:
        """Raise if one of these fields is set: null and empty values count as unset."""
        for name in names:
            value = self.take(name)
            if value is not None and value not in ({}, [], ""):
                raise self.wrong(name, why)

    def wrong(self, name: str, why: str) -> LaunchError:
        """A field with a reason."""
        return bad(f"{self.where}.{name}: {why}".lstrip("."))
