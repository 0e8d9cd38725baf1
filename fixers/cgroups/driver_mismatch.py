"""Set the engine's cgroup driver to kubelet's."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.config.engine_settings import set_setting
from doctor.facts.config.engine import EngineConfig
from doctor.facts.kernel.details import KubeletDriver

_KEY = "native.cgroupdriver="


@fixer(applicability=Applicability.DISRUPTIVE)
def driver_mismatch(detail: KubeletDriver, engine: EngineConfig | Missing) -> Iterator[Action]:
    """Set native.cgroupdriver in daemon.json; if it is set by a flag, show advice."""
    if detail.containerd:
        value = "true" if detail.wanted == "systemd" else "false"
        yield Advise(
            text=f"set SystemdCgroup = {value} in the table of options of the runtime runc in {detail.containerd}, then: systemctl"
            " restart containerd; systemctl restart kubelet"
        )
        return
    if isinstance(engine, Missing):
        return
    if engine.flags.of_key("exec-opts"):
        yield Advise(
            text=f"set --exec-opt {_KEY}{detail.wanted} where the engine's flags are set (systemctl cat "
            "docker.service shows them), then systemctl restart docker"
        )
        return
    others = [option for option in engine.get("exec-opts") or () if not str(option).startswith(_KEY)]
    yield set_setting(engine.json.path, ("exec-opts",), [*others, f"{_KEY}{detail.wanted}"])
