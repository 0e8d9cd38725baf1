"""The one file has no TLS: without an openssl of the host, the talk with a registry ends where TLS begins, and says so."""

import socket
import sys
from importlib import import_module

import pytest

from doctor.runtime.builtins import talk, targets, tls
from doctor.runtime.builtins.streams import StepError
from doctor.runtime.builtins.targets import RegistryTalk, TalkTarget
from doctor.runtime.plan.reader import FieldReader


def test_a_target_with_tls_is_connected_to_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection and a name that does not exist are found as ever."""
    monkeypatch.setattr(targets, "ssl", None)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        told = {"id": "a", "host": "localhost", "port": port, "tls": True, "store": "", "addresses": ["127.0.0.1"]}
        target = TalkTarget(told, "targets[0]")
        order = RegistryTalk(FieldReader({"timeout_s": 2, "servers": [], "stores": {}}, "args"))
        with pytest.raises(StepError) as ended:
            talk.way(order, target)
    assert ended.value.problem == tls.NO_TLS == "no-tls"
    assert "has no openssl" in ended.value.text
    assert (target.said["step"], target.said["address"]) == ("tls", "127.0.0.1")


def test_the_builtin_is_imported_without_ssl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain HTTP needs none."""
    names = [name for name in sys.modules if name.startswith("doctor.runtime.builtins.")]
    for name in names:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ssl", None)
    registry = import_module("doctor.runtime.builtins.registry")
    assert registry.FUNCTIONS
    assert sys.modules["doctor.runtime.builtins.tls"].ssl is None
