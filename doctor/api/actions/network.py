"""Firewall rules and network links."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.formats.network import ip_json
from doctor.model.action import Stage
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.severity import Applicability
from doctor.model.step import Answer, Netlink, Run, Step
from doctor.model.view import View


class AddFirewallRules(Struct, frozen=True, kw_only=True):
    """Feed lines to ``iptables-restore --noflush``: only what is missing, in the right place; nothing else is touched.

    Attributes:
        restore: the command of the backend that the host uses ("iptables-restore", "iptables-legacy-restore", …).
        table: ``filter``, ``nat``, ``raw``.
        lines: chain declarations (``:DOCKER - [0:0]``) and rules (``-I FORWARD 1 -j DOCKER-USER``), in order.
        undo_lines: what takes exactly these rules back, in order (``-D …``, then ``-X`` of chains made).
        what: imperative summary.
        predicts: the answers of iptables-save after it.
    """

    restore: str
    table: str
    lines: tuple[str, ...]
    undo_lines: tuple[str, ...]
    what: str
    predicts: tuple[Answer, ...] = ()
    risk: Applicability = Applicability.SAFE
    stage: Stage = Stage.FIREWALL
    needs_engine_restart: bool = False

    @property
    def summary(self) -> str:
        """Return what it does."""
        return self.what

    def steps(self, view: View) -> Iterator[Step]:
        """Yield one restore, and for undo one restore a line: a rule that is gone already must not keep the others."""
        del view
        argv = (self.restore, "--noflush", "-w", "5")
        undo_stdin = tuple(_document(self.table, (line,)) for line in self.undo_lines)
        yield Run(
            argv=argv,
            stdin=_document(self.table, self.lines),
            undo=tuple(argv for _ in undo_stdin),
            undo_stdin=undo_stdin,
            predicts=self.predicts,
        )


def _document(table: str, lines: tuple[str, ...]) -> bytes:
    return ("\n".join((f"*{table}", *lines, "COMMIT")) + "\n").encode()


class ChangeLink(Struct, frozen=True, kw_only=True):
    """One change of a link, address or route through rtnetlink.

    Attributes:
        do: (object, command, arguments), object one of ``link``, ``addr``, ``route``; interfaces by name under ``dev``:
            ``("link", "set", {"dev": "docker0", "state": "up"})``, ``("link", "set", {"dev": v, "master": "docker0"})``,
            ``("addr", "add", {"dev": "docker0", "address": "172.17.0.1/16"})``,
            ``("link", "add", {"dev": "docker0", "kind": "bridge"})``, ``("link", "del", {"dev": "br-0123456789ab"})``.
        undo: its reversal, or ``None`` when there is none to do.
        predicts: what commands print after it; by default what iproute2 will, worked out from what it prints before.
    """

    do: tuple[str, str, dict[str, str | int]]
    undo: tuple[str, str, dict[str, str | int]] | None
    what: str
    predicts: tuple[Answer, ...] = ()
    risk: Applicability = Applicability.SAFE
    stage: Stage = Stage.KERNEL
    needs_engine_restart: bool = False

    @property
    def summary(self) -> str:
        """Return what it does."""
        return self.what

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the request, and what the host's links will look like: several changes add up."""
        yield Netlink(do=self.do, undo=self.undo, predicts=self.predicts or tuple(self._predictions(view)))

    def _predictions(self, view: View) -> Iterator[Answer]:
        try:
            addresses, routes = view.run(ip_json.ADDRESSES), view.run(ip_json.ROUTES)
            after = ip_json.predict(self.do, addresses.stdout, routes.stdout)
        except (HostError, FormatError):
            return
        for argv, stdout in zip((ip_json.ADDRESSES, ip_json.ROUTES), after, strict=True):
            yield Answer(ask=argv, stdout=stdout)
