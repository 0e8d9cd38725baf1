"""Actions as data, which a fixer yields and a plan orders."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Protocol

from doctor.model.severity import Applicability
from doctor.model.step import Step
from doctor.model.view import View


class Stage(IntEnum):
    """The position of an action in a plan: causes before their consequences.

    From ``CLEAR`` to ``DATABASES`` the data root may be written, so no engine holds it. The engine starts at
    ``ENGINE``, when all its files are repaired; actions on the running engine or kernel follow.
    """

    GUARD = 5
    """Copies of files that a later step or an engine's start would destroy."""
    STOP = 10
    """The engine stops, if a later action needs it."""
    CLEAR = 15
    """Stale pid files, sockets and other files of dead processes; space."""
    CONTENTS = 20
    """Image configs and other contents with a digest."""
    LAYERS = 25
    """layerdb, tar-split, layer directories."""
    LINKS = 30
    """overlay2 link, lower, l/."""
    MOUNTS = 35
    """Mount records, files of containers."""
    TAGS = 40
    """repositories.json."""
    DATABASES = 45
    """Network, volume and other databases; caches."""
    CONFIG = 50
    """daemon.json, units, environment files, sysctl.d."""
    KERNEL = 55
    """Modules, sysctls, links and routes."""
    FIREWALL = 60
    """Rules, before the engine starts and after the bridges exist."""
    ENGINE = 70
    """The engine starts."""
    AFTER = 80
    """Actions that need a running engine."""


class Action(Protocol):
    """The interface of actions. They are frozen structs in ``doctor.api.actions``."""

    @property
    def summary(self) -> str:
        """Return its effect in one line, imperative, with the subject ("set net.ipv4.ip_forward to 1")."""
        ...

    @property
    def risk(self) -> Applicability:
        """Return its least risk; the plan uses the worst of it and the fixer's."""
        ...

    @property
    def stage(self) -> Stage:
        """Return its stage."""
        ...

    @property
    def needs_engine_restart(self) -> bool:
        """Whether its effect needs a restart of the engine (a setting that is read only at start)."""
        ...

    def steps(self, view: View) -> Iterator[Step]:
        """Lower the action to steps on the predicted host; yield nothing if it is a no-op."""
        ...
