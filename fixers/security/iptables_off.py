"""Ask whether the engine should create its firewall rules."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import remove_flag, remove_setting, with_reload
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.units import EngineUnits


@fixer(applicability=Applicability.SAFE)
def iptables_off(config: EngineConfig, units: EngineUnits | Missing) -> Iterator[Action]:
    """Ask whether the engine should create the rules, because another program may do so."""
    actions: list[Action] = [
        remove_flag(flag.place, flag.name) for flag in config.flags.of_key("iptables") if flag.place is not None
    ]
    if "iptables" in config.json.value:
        actions.append(remove_setting(config.json.path, ("iptables",), "the engine creates its rules"))
    if not actions:
        yield Advise(
            text="start dockerd without --iptables=false; iptables-save shows whether another program creates the rules"
        )
        return
    yield Choose(
        question="whether the engine should create its firewall rules",
        options=(
            Choosable(
                name="engine",
                evidence=(
                    Evidence(
                        "the engine's rules",
                        "masquerade, published ports and isolation; its published ports are opened",
                    ),
                ),
                actions=tuple(with_reload(units, actions)),
            ),
        ),
    )
