"""The part of a prediction that is about network namespaces: a step that changes one is applied to the facts read from it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from doctor.formats.kernel import sysctl_conf
from doctor.host.base import BasedHost
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.model.step import RULES, SETTING, Answer, KernelValue, Netlink, Run, Step

if TYPE_CHECKING:
    from doctor.facts.path.namespace import NetNamespace
    from doctor.facts.path.routing import RouteAnswer, RouteQuestion

_SETTINGS = "/proc/sys/net/"
_NETWORK = ("network",)
"""The question whose answer each of these steps changes: what is read of any namespace."""
_Change = tuple[int, tuple[str, str, dict[str, str | int]]]
"""Inode of the namespace, 0 for the host's, and the request."""


class NetworkOverlay(BasedHost, ABC):
    """The answers of a prediction about network namespaces.

    The changes are recorded among the predicted answers, so that a comparison of two predictions sees them.
    """

    _answers: dict[tuple[str, ...], Answer]
    _gone: set[int]

    def _change_network(self, step: Step) -> None:
        """Record a step if it may change a namespace, and with it routes."""
        more: list[_Change] = []
        change: _Change
        if isinstance(step, KernelValue) and step.path.startswith(_SETTINGS):
            change = 0, ("write", step.path, {"value": step.value})
        elif isinstance(step, Netlink):
            change = step.inode, step.do
            more = [(0, end) for end in _other_end(step.do)]
        elif isinstance(step, Run) and (rules := [one for one in step.predicts if one.ask[0] == RULES]):
            change = int(rules[0].ask[1]), ("rules", "set", msgspec.json.decode(rules[0].stdout))
        elif isinstance(step, Run) and (values := [one for one in step.predicts if one.ask[0] == SETTING]):
            change = int(values[0].ask[1]), ("setting", "set", {one.ask[2]: one.stdout.decode() for one in values})
        else:
            return
        earlier = msgspec.json.encode([*self._network_changes(), change, *more])
        self._answers[_NETWORK] = Answer(ask=_NETWORK, stdout=earlier)

    def _network_changes(self) -> list[_Change]:
        found = self._answers.get(_NETWORK)
        return [] if found is None else msgspec.json.decode(found.stdout, type=list[_Change])

    def net_namespaces(self, pids: Iterable[int], sysctls: tuple[str, ...] = ()) -> "dict[int, NetNamespace | Missing]":
        """Return the namespaces as they would be; processes that a step ends are absent."""
        wanted = tuple(pids)
        found = self.base.net_namespaces((pid for pid in wanted if pid not in self._gone), sysctls)
        gone = Missing(Why.ABSENT, "the process is predicted to end")
        # One value for all processes of a namespace.
        after = {id(one): self._predicted(one, sysctls) for one in found.values()}
        return {pid: after[id(found[pid])] if pid in found else gone for pid in wanted}

    def _predicted(self, found: "NetNamespace | Missing", sysctls: tuple[str, ...]) -> "NetNamespace | Missing":
        if isinstance(found, Missing):
            return found
        from doctor.facts.path import predict  # noqa: PLC0415 - only a plan that changes a network needs it

        inode = found.inode if found.pid else 0
        for request in (request for where, request in self._network_changes() if where == inode):
            found = predict.after(found, request)
        if found.pid or not sysctls:
            return found
        return msgspec.structs.replace(found, sysctls=self._values(found.sysctls, sysctls))

    def _values(self, known: dict[str, str], keys: tuple[str, ...]) -> dict[str, str]:
        """The host's own settings are files, which steps change."""
        values = dict(known)
        for key in keys:
            path = HostPath(sysctl_conf.proc_path(key))
            if self.touches(path):
                try:
                    values[key] = self.read(path).decode("utf-8", "surrogateescape").strip()
                except HostError:
                    values.pop(key, None)
        return values

    @abstractmethod
    def touches(self, top: HostPath) -> bool:
        """Whether a step changes anything at ``top``."""

    @abstractmethod
    def read(self, path: HostPath, *, follow: bool = True, limit_bytes: int = 16 << 20) -> bytes:
        """Return the predicted content."""

    def net_settings(self, pids: Iterable[int], keys: tuple[str, ...]) -> "dict[int, dict[str, str] | Missing]":
        """Return the settings as they would be."""
        found = self.base.net_settings((pid for pid in pids if pid not in self._gone), keys)
        own = found.get(0)
        return found if own is None or isinstance(own, Missing) else {**found, 0: self._values(own, keys)}

    def routes(self, questions: "Iterable[RouteQuestion]") -> "tuple[RouteAnswer, ...]":
        """Return the kernel's answers; those of a namespace whose routing a step changes are unknown."""
        wanted = tuple(questions)
        lost = self._rerouted({question.pid for question in wanted})
        if not lost:
            return self.base.routes(wanted)
        from doctor.facts.path.routing import UNKNOWN, RouteAnswer  # noqa: PLC0415

        known = iter(self.base.routes([question for question in wanted if question.pid not in lost]))
        return tuple(RouteAnswer(error=UNKNOWN) if question.pid in lost else next(known) for question in wanted)

    def _rerouted(self, pids: set[int]) -> set[int]:
        """Return the processes whose namespace a step may route otherwise, or ends. Rules of a firewall are asked of nobody."""
        changed = {where for where, (kind, _, _) in self._network_changes() if kind != "rules"}
        if not changed:
            return pids & self._gone
        found = self.base.net_namespaces(pids - self._gone - {0})
        others = {pid for pid, one in found.items() if isinstance(one, Missing) or one.inode in changed}
        return pids & self._gone | others | (pids & {0} if 0 in changed else set())


def _other_end(request: tuple[str, str, dict[str, str | int]]) -> Iterator[tuple[str, str, dict[str, str | int]]]:
    """Yield the request that adds the host's end of a veth which is created within a container."""
    kind, command, arguments = request
    if (kind, command) == ("link", "add") and "peer" in arguments:
        ends = {"number": arguments["peer_number"], "peer_number": arguments["number"]}
        yield kind, command, {"dev": arguments["peer"], "kind": arguments["kind"], **ends}
