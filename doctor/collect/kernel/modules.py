"""Reads module lists and modprobe.d."""

from doctor.facts.kernel.kernel import Kernel
from doctor.facts.kernel.modules import Modules
from doctor.facts.kernel.sysctl import Sysctl
from doctor.formats.kernel import modules as lists
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath

# modprobe.d(5): of files with one name, that in the first directory is used.
_DIRECTORIES = (
    "/etc/modprobe.d",
    "/run/modprobe.d",
    "/usr/local/lib/modprobe.d",
    "/usr/lib/modprobe.d",
    "/lib/modprobe.d",
)
_IN_A_CONTAINER = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container")


@collector
def modules(host: Host, kernel: Kernel, sysctl: Sysctl | Missing) -> Modules:
    """Return the modules of the running kernel."""
    gaps: list[Missing] = []
    loaded = _text(host, "/proc/modules", gaps)
    tree = f"/lib/modules/{kernel.name}"
    dependencies = _text(host, f"{tree}/modules.dep", gaps)
    built_in = lists.parse_built_in(_text(host, f"{tree}/modules.builtin", gaps) or "")
    present = lists.parse_loaded(loaded or "") | built_in | _of_sysfs(host, loaded is None)
    rules = _rules(host, gaps)
    return Modules(
        release=kernel.name,
        supported=loaded is not None,
        present=present,
        loadable=frozenset(lists.parse_dependencies(dependencies or "")),
        has_tree=dependencies is not None,
        rules=rules,
        blocked={
            name: rule
            for rule in rules
            if rule.is_forbidding and rule.module not in present
            for name in lists.dependents(dependencies or "", rule.module)
        },
        disabled=isinstance(sysctl, Sysctl) and sysctl.number("kernel.modules_disabled") == 1,
        is_nested=dependencies is None and _is_container(host),
        gaps=tuple(gaps),
    )


def _is_container(host: Host) -> bool:
    """Whether this host is a container: by the marks of Docker, Podman and systemd, or by the variable that each manager sets."""
    if any(host.exists(HostPath(path)) for path in _IN_A_CONTAINER):
        return True
    try:
        return bool(host.environ(1).get("container"))
    except HostError:
        return False


def _text(host: Host, path: str, gaps: list[Missing]) -> str | None:
    """Return a file's text, ``None`` if it does not exist or can't be read."""
    try:
        return decode(host.read(HostPath(path)))
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return None


def _of_sysfs(host: Host, is_all_built_in: bool) -> frozenset[str]:
    """Return the modules in /sys/module: loaded ones, and built-in ones with parameters or a version."""
    try:
        found = frozenset(host.listdir(HostPath("/sys/module")))
    except HostError:
        return frozenset()
    if is_all_built_in:
        return found
    # A module being unloaded is also listed; /proc/modules is exact, so only built-in ones are taken from here.
    return frozenset(name for name in found if not host.exists(HostPath(f"/sys/module/{name}/initstate")))


def _rules(host: Host, gaps: list[Missing]) -> tuple[lists.ModuleRule, ...]:
    chosen: dict[str, str] = {}
    seen: set[str] = set()
    for directory in _DIRECTORIES:
        try:
            names = host.listdir(HostPath(directory))
        except HostError as error:
            if not error.is_absent:
                gaps.append(error.missing)
            continue
        real = host.resolve(HostPath(directory))
        if real not in seen:
            seen.add(real)
            for name in names:
                if name.endswith(".conf"):
                    chosen.setdefault(name, f"{directory}/{name}")
    rules: list[lists.ModuleRule] = []
    for name in sorted(chosen):
        text = _text(host, chosen[name], gaps)
        rules.extend(lists.parse_rules(text or "", chosen[name]))
    return tuple(rules)
