"""The state of the engine's units in systemd, and why other units that containers need have failed."""

from msgspec import Struct
from msgspec.structs import replace

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.model.message import Explained
from doctor.model.missing import Missing

NAMES = (*docker.UNITS, containerd.SERVICE)
_PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "NRestarts",
    "NeedDaemonReload",
    "UnitFileState",
    "MainPID",
)
SHOW = ("systemctl", "show", *NAMES, "--no-pager", "-p", ",".join(_PROPERTIES))


class UnitState(Struct, frozen=True, kw_only=True):
    """One unit.

    Attributes:
        load: ``loaded``, ``masked``, ``not-found``, ``bad-setting`` …
        active: ``active``, ``inactive``, ``failed``, ``activating`` …; ``sub`` the detailed state ("running", "auto-restart").
        result: why it stopped: ``success``, ``exit-code``, ``start-limit-hit``, ``oom-kill`` …
        restarts: automatic restarts since it was last started by hand.
        needs_reload: whether its files have changed since systemd loaded them.
        file_state: ``enabled``, ``disabled``, ``static`` …
        main_pid: its main process, 0 for none.
    """

    name: str
    load: str = ""
    active: str = ""
    sub: str = ""
    result: str = ""
    restarts: int = 0
    needs_reload: bool = False
    file_state: str = ""
    main_pid: int = 0

    @property
    def exists(self) -> bool:
        """Whether systemd knows the unit."""
        return self.load not in {"", "not-found"}


class EngineUnits(Struct, frozen=True, kw_only=True):
    """docker.service, docker.socket and containerd.service. Missing if PID 1 is not systemd."""

    units: tuple[UnitState, ...]

    def get(self, name: str) -> UnitState:
        """Return a unit; an empty one if systemd does not know it."""
        return next((unit for unit in self.units if unit.name == name), UnitState(name=name))

    def changed(self, name: str, *, active: str = "", needs_reload: bool | None = None) -> "EngineUnits":
        """Return the units as predicted after a start or a reload."""

        def change(unit: UnitState) -> UnitState:
            if active and unit.name == name:
                # A running unit is loaded: it was unmasked before it could start.
                load = "loaded" if unit.load == "masked" else unit.load
                unit = replace(unit, load=load, active=active, sub="running", result="success", restarts=0)
            return unit if needs_reload is None else replace(unit, needs_reload=needs_reload)

        return EngineUnits(units=tuple(change(unit) for unit in self.units))

    def unmasked(self, name: str, *, is_enabled: bool) -> "EngineUnits":
        """Return the units as predicted after one is unmasked and systemd has reloaded its files."""
        state = "enabled" if is_enabled else "disabled"
        return EngineUnits(
            units=tuple(
                replace(unit, load="loaded", file_state=state) if unit.name == name else unit for unit in self.units
            )
        )

    def render(self) -> bytes:
        """Return the output of ``systemctl show`` for these values."""
        blocks = (
            f"Id={unit.name}\nLoadState={unit.load}\nActiveState={unit.active}\nSubState={unit.sub}\n"
            f"Result={unit.result}\nNRestarts={unit.restarts}\n"
            f"NeedDaemonReload={'yes' if unit.needs_reload else 'no'}\nUnitFileState={unit.file_state}\nMainPID={unit.main_pid}\n"
            for unit in self.units
        )
        return "\n".join(blocks).encode()


class UnitFailure(Struct, frozen=True, kw_only=True):
    """One failed unit.

    Attributes:
        state: its state in systemd's words ("failed (exit-code)").
        source: the command that printed the line.
        line: the line of its last start that shows why it failed, "" if none does; credentials are masked.
        explained: the meaning of the line; ``None`` if it is unknown.
    """

    name: str
    state: str
    source: str
    line: str = ""
    explained: Explained | None = None


class UnitFailures(Struct, frozen=True, kw_only=True):
    """The failed ones of docker.socket, containerd.service and, on a node of Kubernetes, kubelet.service."""

    items: tuple[UnitFailure, ...] = ()
    gaps: tuple[Missing, ...] = ()


def parse(text: str) -> EngineUnits:
    r"""Return the units from the output of ``SHOW``: blocks of KEY=VALUE between empty lines.

    >>> parse("Id=docker.service\nActiveState=failed\nNRestarts=3\n").get("docker.service").restarts
    3
    """
    units = []
    for block in text.strip().split("\n\n"):
        values = dict(line.partition("=")[::2] for line in block.splitlines())
        count, pid = values.get("NRestarts", ""), values.get("MainPID", "")
        units.append(
            UnitState(
                name=values.get("Id", ""),
                load=values.get("LoadState", ""),
                active=values.get("ActiveState", ""),
                sub=values.get("SubState", ""),
                result=values.get("Result", ""),
                restarts=int(count) if count.isdigit() else 0,
                needs_reload=values.get("NeedDaemonReload") == "yes",
                file_state=values.get("UnitFileState", ""),
                main_pid=int(pid) if pid.isdigit() else 0,
            )
        )
    return EngineUnits(units=tuple(units))
