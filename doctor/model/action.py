"""An intention, as data: what a fixer yields and a plan orders."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Protocol

from doctor.model.severity import Applicability
from doctor.model.step import Step
from doctor.model.view import View


class Stage(IntEnum):
    """When an action's turn comes: causes before what stands on them.

    Between ``CLEAR`` and ``DATABASES`` the data root may be written, so no engine holds it. The engine starts at
    ``ENGINE``, when all it reads is right; what only the running engine or kernel knows comes after.
    """

    GUARD = 5
    """Copies aside what a later step or an engine's start would destroy."""
    STOP = 10
    """The engine stops, if anything after this needs it."""
    CLEAR = 15
    """Stale pid files, sockets, leftovers of dead processes; space."""
    CONTENTS = 20
    """Image configs and other self-proving contents."""
    LAYERS = 25
    """layerdb, tar-split, layer directories."""
    LINKS = 30
    """overlay2 link, lower, l/."""
    MOUNTS = 35
    """Mount records of containers, container files."""
    TAGS = 40
    """repositories.json."""
    DATABASES = 45
    """Network, volume and other databases; what only caches."""
    CONFIG = 50
    """daemon.json, units, environment files, sysctl.d."""
    KERNEL = 55
    """Modules, sysctls, links and routes."""
    FIREWALL = 60
    """Rules, before the engine starts and after the bridges are there."""
    ENGINE = 70
    """The engine starts."""
    AFTER = 80
    """What needs a living engine."""


class Action(Protocol):
    """What every action has. Concrete ones are frozen structs in ``doctor.api.actions``."""

    @property
    def summary(self) -> str:
        """What it does, imperative, one line, naming the subject ("set net.ipv4.ip_forward to 1")."""
        ...

    @property
    def risk(self) -> Applicability:
        """The least this action costs wherever it is used; the plan takes the worst of it and the fixer's word."""
        ...

    @property
    def stage(self) -> Stage:
        """When its turn comes."""
        ...

    @property
    def needs_engine_restart(self) -> bool:
        """Whether its effect needs a restart of the engine (a setting that is read at start only)."""
        ...

    def steps(self, view: View) -> Iterator[Step]:
        """Lower the intention to steps against the host as it will be then; nothing when all is as wanted."""
        ...
