"""Kernel modules: present and loadable ones, and lines that forbid loading."""

from msgspec import Struct

from doctor.formats.kernel.modules import ModuleRule as ModuleRule  # noqa: PLC0414 - part of the fact
from doctor.formats.kernel.modules import normalize
from doctor.model.missing import Missing


class Modules(Struct, frozen=True, kw_only=True):
    """The modules of the running kernel. Names have underscores.

    Attributes:
        release: release of the running kernel.
        supported: whether this kernel can load modules (/proc/modules exists).
        present: modules that are loaded, or built in according to modules.builtin and /sys/module.
        loadable: modules in modules.dep of the running release.
        has_tree: whether /lib/modules has the running release; otherwise no module can be loaded.
        rules: lines of modprobe.d, in the order of the effective files.
        blocked: module → the line that forbids a module which it needs.
        disabled: whether kernel.modules_disabled is set: no module can be loaded until the next boot.
        is_nested: whether this host is a container without the modules: then the kernel loads a module on demand from the outer
            host, but a program in the container can't.
        gaps: what could not be read.
    """

    release: str
    supported: bool
    present: frozenset[str]
    loadable: frozenset[str]
    has_tree: bool
    rules: tuple[ModuleRule, ...] = ()
    blocked: dict[str, ModuleRule] = {}
    disabled: bool = False
    is_nested: bool = False
    gaps: tuple[Missing, ...] = ()

    def has(self, name: str) -> bool:
        """Whether a module is loaded or built in."""
        return normalize(name) in self.present

    def can_load(self, name: str) -> bool:
        """Whether ``modprobe NAME`` finds the module and no line forbids it."""
        return (
            self.supported and not self.disabled and normalize(name) in self.loadable and self.forbidding(name) is None
        )

    def forbidding(self, name: str) -> ModuleRule | None:
        """Return the install line that stops ``modprobe NAME`` from loading it, or a module that it needs; or ``None``."""
        name = normalize(name)
        own = next((rule for rule in self.rules if rule.module == name and rule.is_forbidding), None)
        return own or self.blocked.get(name)

    def blacklisting(self, name: str) -> ModuleRule | None:
        """Return the blacklist line that stops aliases (a file system type, a protocol) from loading it, or ``None``."""
        name = normalize(name)
        return next((rule for rule in self.rules if rule.module == name and rule.kind == "blacklist"), None)
