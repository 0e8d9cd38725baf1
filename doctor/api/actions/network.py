"""Changes of network links, addresses, routes and bridge ports."""

from collections.abc import Iterator

from doctor.api.actions.base import WordedIntention
from doctor.formats.network import ip_json, ip_undo
from doctor.model.action import Stage
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.step import Answer, Netlink, Step
from doctor.model.view import View


class ChangeLink(WordedIntention, frozen=True, kw_only=True):
    """One change of a link, address or route through rtnetlink.

    Attributes:
        do: (object, command, arguments), object one of ``link``, ``addr``, ``route``, ``brport``; interfaces by name under
            ``dev``:
            ``("link", "set", {"dev": "docker0", "state": "up"})``, ``("link", "set", {"dev": v, "master": "docker0"})``,
            ``("addr", "add", {"dev": "docker0", "address": "172.17.0.1/16"})``,
            ``("brport", "set", {"dev": v, "isolated": 0})``, ``("link", "add", {"dev": "docker0", "kind": "bridge"})``,
            ``("link", "del", {"dev": "br-0123456789ab"})``.
        undo: its reversal, ``None`` if not needed; that of a deletion on the host adds everything that the kernel has of it now.
        pid: a process in the network namespace to change, 0 for the host's; ``inode`` of the namespace.
        may_fail: whether the kernel may refuse: what is deleted may have gone by itself.
        predicts: predicted output of commands; by default that of iproute2, computed from its output before.
    """

    do: tuple[str, str, dict[str, str | int]]
    undo: tuple[str, str, dict[str, str | int]] | None
    pid: int = 0
    inode: int = 0
    predicts: tuple[Answer, ...] = ()
    may_fail: bool = False
    stage: Stage = Stage.KERNEL

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the request with the predicted links of the host; several changes can be combined."""
        predicts = self.predicts or (() if self.pid else tuple(self._predictions(view)))
        yield Netlink(
            do=self.do, undo=self._undo(view), pid=self.pid, inode=self.inode, predicts=predicts, may_fail=self.may_fail
        )

    def _undo(self, view: View) -> ip_json.Change | None:
        if self.undo is None or self.pid:
            return self.undo
        try:
            return ip_undo.completed(self.do, self.undo, view.run(ip_json.ADDRESSES).stdout)
        except (HostError, FormatError):
            return self.undo

    def _predictions(self, view: View) -> Iterator[Answer]:
        try:
            addresses, routes = view.run(ip_json.ADDRESSES), view.run(ip_json.ROUTES)
            after = ip_json.predict(self.do, addresses.stdout, routes.stdout)
        except (HostError, FormatError):
            return
        for argv, stdout in zip((ip_json.ADDRESSES, ip_json.ROUTES), after, strict=True):
            yield Answer(ask=argv, stdout=stdout)
