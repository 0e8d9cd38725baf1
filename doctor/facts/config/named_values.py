"""Settings that name a file, directory, program, plugin, group or user that is missing or of the wrong kind."""

from collections.abc import Iterator

from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.values import NamedThings, ValueProblem


def problems(config: EngineConfig, things: NamedThings) -> Iterator[ValueProblem]:
    """Yield settings that name something missing."""
    for key, path in things.missing_paths.items():
        # A missing init or runtime fails the container, not the engine.
        stops = key not in {"init-path", "runtimes"}
        halts = (key == "runtimes" and path == _default_runtime(config)) or (
            key == "init-path" and config.get("init") is True
        )
        yield ValueProblem(key=key, why=f"{path} does not exist", stops=stops, halts=halts)
    if things.seccomp_problem:
        why = f"{config.get('seccomp-profile')}: {things.seccomp_problem}"
        yield ValueProblem(key="seccomp-profile", why=why, stops=False, halts=True)
    for place in things.unfit:
        yield ValueProblem(key=place.key, why=place.why, stops=place.stops, halts=not place.stops)
    if things.needs_systemd:
        why = "the cgroup driver systemd needs systemd, which does not run here"
        yield ValueProblem(key="exec-opts", why=why, stops=False, halts=True)
    group = config.get("group") if config.is_set("group") else None
    if isinstance(group, str) and group and not group.isdigit() and things.groups and group not in things.groups:
        yield ValueProblem(key="group", why=f"group {group} not found")
    remap = config.get("userns-remap")
    if not isinstance(remap, str) or remap in {"", "default"} or not things.users:
        return
    user = remap.partition(":")[0]
    if not user.isdigit() and user not in things.users:
        yield ValueProblem(key="userns-remap", why=f"Can't find user {user}")


def _default_runtime(config: EngineConfig) -> str:
    """Return the path of the default runtime, "" if it has none."""
    known, name = config.get("runtimes"), config.get("default-runtime")
    found = known.get(name) if isinstance(known, dict) and isinstance(name, str) else None
    return str(found.get("path", "")) if isinstance(found, dict) else ""
