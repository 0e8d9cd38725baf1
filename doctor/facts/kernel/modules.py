"""Kernel modules: which are there, which can be loaded, and what forbids it."""

from msgspec import Struct

from doctor.formats.kernel.modules import ModuleRule as ModuleRule  # noqa: PLC0414 - part of the fact
from doctor.formats.kernel.modules import normalize
from doctor.model.missing import Missing


class Modules(Struct, frozen=True, kw_only=True):
    """The modules of the running kernel. Names have underscores.

    Attributes:
        release: of the running kernel.
        supported: whether this kernel loads modules at all (/proc/modules is there).
        present: loaded, or built in as far as modules.builtin and /sys/module tell.
        loadable: in modules.dep of the running release.
        has_tree: whether /lib/modules has the running release; without it nothing more can be loaded.
        rules: lines of modprobe.d, in the order of the files that count.
        disabled: whether kernel.modules_disabled is set: nothing can be loaded until the next boot.
        gaps: what could not be read.
    """

    release: str
    supported: bool
    present: frozenset[str]
    loadable: frozenset[str]
    has_tree: bool
    rules: tuple[ModuleRule, ...] = ()
    disabled: bool = False
    gaps: tuple[Missing, ...] = ()

    def has(self, name: str) -> bool:
        """Whether a module is loaded or built in."""
        return normalize(name) in self.present

    def can_load(self, name: str) -> bool:
        """Whether ``modprobe NAME`` would find the module and nothing forbids it."""
        return (
            self.supported and not self.disabled and normalize(name) in self.loadable and self.forbidding(name) is None
        )

    def forbidding(self, name: str) -> ModuleRule | None:
        """Return the install line that keeps ``modprobe NAME`` from loading it, or ``None``."""
        name = normalize(name)
        return next((rule for rule in self.rules if rule.module == name and rule.is_forbidding), None)

    def blacklisting(self, name: str) -> ModuleRule | None:
        """Return the blacklist line that keeps aliases (a file system type, a protocol) from loading it, or ``None``."""
        name = normalize(name)
        return next((rule for rule in self.rules if rule.module == name and rule.kind == "blacklist"), None)
