"""The question about a rule of others at which packets of containers end: pass it, remove it, or leave it."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.firewall.inside import InContainer
from doctor.api.actions.firewall.iptables import EditFirewall
from doctor.api.actions.firewall.nft import AcceptInNftChain
from doctor.api.actions.firewall.nft_rules import AcceptByNftPolicy, DeleteNftRule
from doctor.api.actions.path.routing import left
from doctor.facts.firewall.ends.rule_place import NFT, RulePlace
from doctor.facts.firewall.guard import POLICY, Guard
from doctor.facts.firewall.packet_filter import Firewall, Saved
from doctor.facts.firewall.rule_cuts import RuleCut
from doctor.facts.path.rule_lists import PathFirewalls
from doctor.formats.firewall.iptables_edit import ChainEdit, WantedRule
from doctor.model.action import Action
from doctor.model.finding import Evidence
from doctor.model.missing import Missing
from doctor.model.text import in_words

Removal = EditFirewall | DeleteNftRule | AcceptByNftPolicy
_FORWARDED = {
    "egress": "egress",
    "egress-new": "egress",
    "dns": "egress",
    "peer": "egress",
    "published": "port",
    "http": "egress",
    "near": "egress",
}
_FRAMES = {
    "prerouting": ("frame-in",),
    "input": ("frame-in",),
    "forward": ("frame-in",),
    "output": ("frame-out",),
    "postrouting": ("frame-out",),
}


def asked(item: RuleCut, firewalls: PathFirewalls) -> Iterator[Action]:
    """Yield the question, or the advice where nothing can be done and undone exactly."""
    if item.is_engines:
        yield Advise(
            text="the engine's own rules are complete: 'doctor probe --trace CONTAINER ADDRESS:PORT' shows what changed the packets"
            " before they reached them"
        )
        return
    saved = saved_for(item.place, (one.saved for one in firewalls.host.saves))
    yield from _question(item.place, {"pass": _accept(item, saved), **removal(item.place, saved)})


def remove(place: RulePlace, firewall: Firewall, *, instead: str = "") -> Iterator[Action]:
    """Yield the question whether to remove a rule, or the advice where that can't be undone exactly.

    ``instead`` is a change of the rule that may be the better answer.
    """
    yield from _question(
        place,
        removal(
            place, saved_for(place, (one for one in (firewall.v4, firewall.v6, firewall.other) if one is not None))
        ),
        instead=instead,
    )


def remove_inside(item: RuleCut, firewalls: PathFirewalls | Missing) -> Iterator[Action]:
    """Yield the question about a rule in a container's network namespace, or the advice where that can't be undone exactly."""
    place, within = item.place, item.within
    lists = None if isinstance(firewalls, Missing) else firewalls.containers.get(within.inode)
    saved = None if lists is None else saved_for(place, (one.saved for one in lists.saves))
    options = tuple(
        Choosable(name=name, evidence=(Evidence(name, action.summary),), actions=(action,))
        for name, one in removal(place, saved).items()
        if (action := InContainer(place=within, action=one))
    )
    if not options:
        yield Advise(text=_advice(place, f"nsenter -t {within.pid} -n "))
        return
    leave = Choosable(name="leave", evidence=left("rule"), actions=())
    yield Choose(question=f"whether {place.words} in container {within.container} stays", options=(*options, leave))


def saved_for(place: RulePlace, saves: Iterable[Saved]) -> Saved | None:
    """Return the rules of the backend in which a rule is."""
    return next((saved for saved in saves if saved.save[0] == place.backend), None)


def _question(place: RulePlace, actions: Mapping[str, Action | None], *, instead: str = "") -> Iterator[Action]:
    more = (Evidence("instead", instead),) if instead else ()
    options = tuple(
        Choosable(name=name, evidence=(Evidence(name, action.summary), *more), actions=(action,))
        for name, action in actions.items()
        if action is not None
    )
    if not options:
        yield Advise(text=_advice(place))
        return
    words = {"pass": "accept containers' packets before it", "delete": "remove it", "open": "set it to accept"}
    what = " or to ".join(words[option.name] for option in options)
    yield Choose(question=f"for {place.words}, which somebody else wrote, whether to {what}", options=options)


def guards(place: RulePlace) -> tuple[Guard, ...]:
    """Return the rule as the one that traffic bypasses."""
    table = f"{place.family} {place.table}" if place.backend == NFT else place.table
    return (Guard(table=table, chain=place.chain, text=POLICY if place.is_policy else place.text),)


def _accept(item: RuleCut, saved: Saved | None) -> Action | None:
    """Return accepts in front of a rule: only where they open what the engine itself opens, and no more."""
    if not item.bridges:
        return None
    if item.place.backend != NFT:
        return _accept_in_iptables(item, saved)
    traffic = _traffic(item)
    if not traffic or (item.place.handle and item.place.chain != item.place.base):
        return None
    return AcceptInNftChain(
        family=item.place.family,
        table=item.place.table,
        chain=item.place.chain,
        bridges=item.bridges,
        traffic=traffic,
        ports=item.ports,
        handle=item.place.handle,
        rule=item.place.text if item.place.can_return else "",
        passes=guards(item.place),
    )


def _traffic(item: RuleCut) -> tuple[str, ...]:
    if item.drops_questions:
        return ("neighbours",)
    if item.place.family == "bridge":
        return _FRAMES.get(item.hook, ())
    if item.hook == "forward":
        kinds = {_FORWARDED[kind] for kind in item.cut.kinds if kind in _FORWARDED}
        return (*sorted(kinds), "reply") if kinds else ()
    if item.hook == "input" and item.ports:
        protocols = {protocol for protocol, _, _ in item.ports} & {"tcp", "udp"}
        return ("answer", *(f"proxy-{protocol}" for protocol in sorted(protocols)))
    return ("to-bridge", "to-dnat") if item.hook == "output" else ()


def _accept_in_iptables(item: RuleCut, saved: Saved | None) -> EditFirewall | None:
    """Return accepts at INPUT: at FORWARD the engine's own rules are moved, see ``lift_rules``."""
    if item.drops_questions:
        return None if saved is None or item.place.chain != item.place.base else _accept_questions(item.place, saved)
    if (
        saved is None
        or item.place.base != "INPUT"
        or item.place.table != "filter"
        or not item.ports
        or item.place.chain != item.place.base
    ):
        return None
    texts = []
    mask = 128 if item.place.family == "ip6" else 32
    for device in ("lo", *item.bridges):
        texts.append(f"-A INPUT -i {device} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
        for kind, port, address in item.ports:
            to = f"-d {address}/{mask} " if address else ""
            texts.append(f"-A INPUT {to}-i {device} -p {kind} -m {kind} --dport {port} -j ACCEPT")
    return EditFirewall(
        save=saved.save,
        restore=saved.restore,
        table="filter",
        edits=(
            ChainEdit(
                chain="INPUT",
                layout=tuple(WantedRule(text, head=True) for text in texts),
                add=tuple(texts),
                top=item.place.text,
            ),
        ),
        what=f"accept answers, and connections to published ports from this host and {in_words(item.bridges)}, in filter INPUT"
        f" above {'its policy' if item.place.is_policy else repr(item.place.text)}",
        passes=guards(item.place),
    )


def _accept_questions(place: RulePlace, saved: Saved) -> EditFirewall:
    """Return the accepts of questions for IPv6 addresses and of the answers: they hold on one link only."""
    texts = tuple(f"-A {place.chain} -p ipv6-icmp -m icmp6 --icmpv6-type {kind} -j ACCEPT" for kind in (135, 136))
    layout = tuple(WantedRule(text, head=True) for text in texts)
    return EditFirewall(
        save=saved.save,
        restore=saved.restore,
        table=place.table,
        edits=(ChainEdit(chain=place.chain, layout=layout, add=texts, top=place.text),),
        what=f"accept the questions for IPv6 addresses and their answers in {place.table} {place.chain} above"
        f" {'its policy' if place.is_policy else repr(place.text)}",
        passes=guards(place),
    )


def removal(place: RulePlace, saved: Saved | None) -> dict[str, Removal]:
    """Return the removal of a rule, or the change of a policy, if it can be undone exactly; by its name as an option."""
    if place.backend == NFT and place.is_policy:
        return {"open": AcceptByNftPolicy(family=place.family, table=place.table, chain=place.chain)}
    if place.backend == NFT:
        return {"delete": _nft_removal(place)} if place.can_return else {}
    if saved is None:
        return {}
    edit = EditFirewall(
        save=saved.save,
        restore=saved.restore,
        table=place.table,
        what=f"remove the rule '{place.text}' from the {place.table} table ({saved.save[0]}), until its owner loads it again",
        edits=(ChainEdit(chain=place.chain, remove=(place.text,)),),
        passes=guards(place),
    )
    if not place.is_policy:
        return {"delete": edit}
    what = f"set the policy of {place.table} {place.chain} to ACCEPT ({saved.save[0]}), for everybody's packets"
    return {"open": replace(edit, what=what, edits=(), policies=((place.chain, "ACCEPT"),))}


def _nft_removal(place: RulePlace) -> DeleteNftRule:
    return DeleteNftRule(
        family=place.family,
        table=place.table,
        chain=place.chain,
        handle=place.handle,
        text=place.text,
        passes=guards(place),
    )


def _advice(place: RulePlace, enter: str = "") -> str:
    """Return the commands; ``enter`` is put in front of each, to enter a network namespace."""
    if place.backend == NFT:
        where = f"{place.family} {place.table} {place.chain}"
        if place.is_policy:
            return (
                f"if this is not intended, accept containers' packets in chain {where}, or set its policy: {enter}nft chain {where}"
                " '{ policy accept; }'; change it where the table is created, too"
            )
        return f"if this is not intended, remove the rule now and where it is created: {enter}nft delete rule {where} handle {place.handle}"
    command = enter + place.backend.removesuffix("-save")
    if place.is_policy:
        return (
            f"if this is not intended, set the policy: {command} -t {place.table} -P {place.chain} ACCEPT; {command}-save shows the"
            " rules above it, which then decide alone"
        )
    spec = place.text.removeprefix("-A ")
    return f"if this is not intended, remove the rule now and where it is created: {command} -t {place.table} -D {spec}"
