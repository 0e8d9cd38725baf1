"""Switch iptables to the variant that the kernel can do."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, HostPath, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import MakeSymlinks
from doctor.api.actions.firewall.iptables import EditFirewall, remove_rules
from doctor.facts.firewall.details import WrongVariant
from doctor.facts.host.package_commands import install
from doctor.facts.host.packages import System
from doctor.facts.kernel.features import KernelNeeds, install_modules
from doctor.facts.kernel.kernel import InstalledKernels

_IPTABLES = HostPath("/etc/alternatives/iptables")
_IP6TABLES = HostPath("/etc/alternatives/ip6tables")


@fixer(applicability=Applicability.SAFE)
def variant_unsupported(
    detail: WrongVariant, needs: KernelNeeds | Missing, system: System | Missing, installed: InstalledKernels | Missing
) -> Iterator[Action]:
    """Point the links in /etc/alternatives to the other variant, if that certainly works and no rule is left behind."""
    if detail.other_works and detail.switches and not detail.keeps_rules:
        words = "iptables and ip6tables" if _IP6TABLES in detail.switches else "iptables"
        yield MakeSymlinks(
            links=detail.switches,
            what=f"make {words} the {detail.other} variant in /etc/alternatives, which this kernel can do",
            needs_engine_restart=True,
        )
        if detail.saved is not None and detail.engine_rules:
            drops = detail.saved.policy("filter", "FORWARD") == "DROP"
            why = f"Docker does not use {detail.used} any more"
            if drops:
                # Whoever set it: forwarding that was closed stays closed.
                yield EditFirewall(
                    save=(f"iptables-{detail.other}-save",),
                    restore=f"iptables-{detail.other}-restore",
                    table="filter",
                    policies=(("FORWARD", "DROP"),),
                    what=f"set the policy of FORWARD to DROP (iptables-{detail.other}-save), as it is with {detail.used}",
                )
            yield from remove_rules(detail.saved, detail.engine_rules, why, (("FORWARD", "ACCEPT"),) if drops else ())
        return
    modules = install_modules(system, needs)
    others = installed.releases if isinstance(installed, InstalledKernels) else ()
    if detail.other_works:
        yield Advise(text=_switch(detail, system))
    elif "forbidden" in detail.states:
        yield Advise(
            text=f"modprobe -c | grep {detail.modules[0]} shows the line that forbids the module: remove it from modprobe.d, then"
            f" modprobe {' && modprobe '.join(detail.modules)} and systemctl restart docker"
        )
    elif not isinstance(needs, Missing) and not needs.has_tree and others:
        yield Advise(text=f"reboot into the installed kernel {others[-1]}: systemctl reboot")
    elif "gone" in detail.states:
        yield Advise(text=f"{modules}; in a container, run modprobe {' '.join(detail.modules)} on the outer host")
    else:
        yield Advise(text=f"{modules}, then reboot: the distribution's standard kernel has both variants")


def _switch(detail: WrongVariant, system: System | Missing) -> str:
    if detail.switches:
        return (
            f"iptables-{detail.used}-save shows rules of others, which iptables-{detail.other} does not know: add them there, then"
            f" ln -sf {detail.switches[_IPTABLES]} {_IPTABLES} (likewise -save and -restore) and systemctl restart docker"
        )
    package = f"iptables-{detail.other}" if detail.other == "legacy" else "iptables"
    return f"{install(system, package)}, make iptables-{detail.other} the command iptables, and restart docker"
