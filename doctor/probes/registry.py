"""Images can be pulled."""

from typing import Any

from doctor.api import Evidence, Missing, probe
from doctor.facts.registry.certificates import RegistryCertificates
from doctor.facts.registry.registries import DEFAULT, Registries, Registry
from doctor.model.outcome import Result
from doctor.model.probe_result import ProbeResult
from doctor.model.probing import Ended, Probing
from doctor.model.text import plural, visible
from doctor.probes._registry.asked import LIMIT_S, TalkOrder
from doctor.probes._registry.messages import MESSAGES
from doctor.probes._registry.trouble import Trouble, duration, server_time
from doctor.probes._registry.words import no_port, trouble
from doctor.probes._result import failed, failed_beyond, not_run, passed, result, results_of, skipped, unproven

_TOKENS_S = 0.5
_SKEW_S = 300.0
_NAMED = 3
_ROWS = 16
_BARRED = frozenset({403, 500, 502, 503, 504})


@probe(proves="the registries of this host answer as the engine reaches them", messages=MESSAGES, retries=False)
def registry(known: Registries, certificates: RegistryCertificates | Missing) -> Probing:
    """Talk to each registry and mirror that this host uses, the way the engine does, as far as it costs no pull.

    These are the mirrors, the registries that images were pulled from, those of logins, of ``insecure-registries``, of
    /etc/docker/certs.d and of failed requests in the engine's log, and Docker Hub if a host has no images and names no other
    registry. The proxy is the one that the running engine reports, the authorities are the files that its TLS library reads
    and those of /etc/docker/certs.d, the names are resolved by all name servers of the host at once. The request is
    ``GET /v2/``, the token server is asked anonymously, and of Docker Hub the rate limit is read, which does not count as a
    pull. No login is sent, except to the proxy. All of it ends within 3 seconds.
    A registry that nothing answers for fails the probe only if this host certainly uses it, and not on a host without a
    way to the outside. A certificate that is not trusted, a wrong clock and a proxy that refuses always do, but for Docker Hub behind a mirror that
    answers, and for a registry that the host may not use and that the proxy alone bars while another one answers.
    """
    if not known.items:
        return skipped("no registry is named by settings, logins or images of this host")
    files = RegistryCertificates() if isinstance(certificates, Missing) else certificates
    asked = TalkOrder(known, files)
    limit = LIMIT_S - known.asked_s
    targets = [asked.registry(one) for one in known.items if no_port(known, one) is None]
    ended = yield asked.launch(targets, limit - _TOKENS_S)
    problem = not_run([ended.get("talk")])
    if problem is not None:
        return problem
    lost = [one for one in _said(ended).values() if one.get("problem") == "failed"]
    if lost:
        return result(Result.ERROR, visible(f"the talk with {lost[0]['id']} failed: {lost[0].get('text')}"))
    first, now = _said(ended), float(ended["talk"].output.get("now") or 0.0)
    targets = [target for one in known.items if (target := _tokens(asked, one, first)) is not None]
    second: dict[str, dict[str, Any]] = {}
    left = limit - float(ended["talk"].output.get("seconds") or 0.0)
    if targets and left >= _TOKENS_S / 2:
        second = _said((yield asked.launch(targets, left)))
    return _Judge(known, files, first, second, now).result()


def _said(ended: dict[str, Ended]) -> dict[str, dict[str, Any]]:
    talk = ended.get("talk")
    return {} if talk is None else {str(one.get("id")): one for one in results_of(talk)}


def _tokens(asked: TalkOrder, one: Registry, said: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    answer = said.get(_key(one), {})
    headers = answer.get("headers")
    if answer.get("problem") or answer.get("status") != 401 or not isinstance(headers, dict):
        return None
    return asked.tokens(one, str(headers.get("www-authenticate") or ""))


def _key(one: Registry) -> str:
    return f"{one.host}:{one.port}"


class _Judge:
    """The result out of what each registry said."""

    def __init__(
        self,
        known: Registries,
        files: RegistryCertificates,
        first: dict[str, dict[str, Any]],
        second: dict[str, dict[str, Any]],
        now: float,
    ) -> None:
        self.known, self.first, self.second, self.now = known, first, second, now
        self.refused = {flaw.registry: flaw for flaw in files.flaws if flaw.stops_pulls}
        self.troubles: dict[str, tuple[Registry, Trouble]] = {}
        self.good: list[Registry] = []
        self.evidence: list[Evidence] = []

    def result(self) -> ProbeResult:
        """Judge all of them."""
        for one in self.known.items:
            self._look(one)
        if len(self.evidence) > _ROWS:
            others = len(self.evidence) - _ROWS
            self.evidence[_ROWS:] = [Evidence("registries", f"{others} more were asked")]
        pending = "; its settings name another proxy, in force after a restart" if self.known.proxies.pending else ""
        more = f"; {self.known.left_out} more were not asked" if self.known.left_out else ""
        bad = [(one, found) for one, found in self.troubles.values() if self._counts(one, found)]
        if bad:
            return self._failed(bad, pending)
        good = ", ".join(one.name for one in self.good[:_NAMED])
        rest = f" and {len(self.good) - _NAMED} more" if len(self.good) > _NAMED else ""
        remarks = "".join(f"; {one.name} {found.text}" for one, found in list(self.troubles.values())[:_NAMED])
        doubts = [found for _, found in self.troubles.values() if found.is_doubt]
        if doubts:
            advice = _advice(doubts)
            return unproven(f"{good or 'no registry'} answered for certain{remarks}", (*self.evidence, *advice))
        if self.good:
            return passed(f"{good}{rest} answered{remarks}{more}{pending}", self.evidence)
        doubt = self.known.other_names and any(found.is_nameless for _, found in self.troubles.values())
        if doubt:
            return unproven(f"no registry could be asked{remarks}", self.evidence)
        return skipped(
            f"no registry can be reached, and nothing shows that this host pulls from one{remarks}", self.evidence
        )

    def _look(self, one: Registry) -> None:
        said = self.first.get(_key(one))
        flaw = self.refused.get(one.directory)
        found: Trouble | None
        if flaw is not None:
            text = f"is refused by the engine itself: {flaw.path} {flaw.why}"
            found = Trouble(text=text, do=f"correct or remove {flaw.path}", is_local=True)
        elif said is None:
            found = no_port(self.known, one) or Trouble(text="was not asked", is_unreachable=True)
        else:
            found = None if self._is_plain_by_choice(one, said) else trouble(one, said, self.known, self.now)
        if found is None:
            found = self._tokens(one)
        if found is None:
            self.good.append(one)
        else:
            self.troubles[_key(one)] = (one, found)
        self.evidence.append(Evidence(f"{one.name} ({one.source})", self._word(said or {}, found)))

    def _is_plain_by_choice(self, one: Registry, said: dict[str, Any]) -> bool:
        """Whether the engine falls back to plain HTTP, which an insecure registry may speak."""
        return one.is_insecure and said.get("step") == "tls" and said.get("problem") == "plain"

    def _tokens(self, one: Registry) -> Trouble | None:
        """Return the problem of the server that issues tokens for a registry, or of its rate limit."""
        said = self.second.get(_key(one))
        if said is None:
            return None
        place = Registry(host="its token server", port=443, source="", tls=True)
        found = trouble(place, said, self.known, self.now) if said.get("problem") else None
        if found is not None:
            return Trouble(
                text=f"answers, but its token server {found.text}",
                do=found.do,
                is_proxy=found.is_proxy,
                is_doubt=found.is_doubt,
            )
        then = said.get("then")
        return self._limit(then) if isinstance(then, dict) else None

    def _limit(self, then: dict[str, Any]) -> Trouble | None:
        headers = then.get("headers")
        left = str(headers.get("ratelimit-remaining", "")) if isinstance(headers, dict) else ""
        status = then.get("status")
        if isinstance(status, int) and status >= 500:
            return Trouble(
                text=f"answers {status} when it is asked for an image: it is down, or something in front of it is"
            )
        if then.get("status") != 429 and left.partition(";")[0].strip() != "0":
            return None
        return Trouble(
            text="has no pulls left for this address without a login (toomanyrequests)",
            do="run 'docker login', wait, or set a mirror (\"registry-mirrors\")",
        )

    def _counts(self, one: Registry, found: Trouble) -> bool:
        """Whether a problem fails the probe; one that may be by design, or of a remainder, does not."""
        if found.is_doubt:
            return False
        if one.is_hub and (found.is_proxy or found.is_unreachable) and any(other.is_mirror for other in self.good):
            return False  # the engine asks its mirrors first
        if found.is_proxy and self.good and not one.is_needed and self._is_barred(one):
            return False  # a proxy that lets through only some registries
        if found.is_proxy or not found.is_unreachable:
            return True
        if not one.is_needed or self.known.has_way_out is False:
            return False
        return not (one.source == DEFAULT and found.is_nameless)  # a network without outside names

    def _is_barred(self, one: Registry) -> bool:
        """Whether the proxy works, and answers that it does not connect to this registry."""
        return self.first.get(_key(one), {}).get("status") in _BARRED

    def _failed(self, bad: list[tuple[Registry, Trouble]], pending: str) -> ProbeResult:
        groups: dict[str, list[str]] = {}
        for one, found in bad:
            groups.setdefault(found.text, []).append(one.name)
        parts = [f"{_names(names)} {text}" for text, names in list(groups.items())[:_NAMED]]
        more = f"; and {plural(len(groups) - _NAMED, 'other problem')}" if len(groups) > _NAMED else ""
        advice = _advice([found for _, found in bad])
        # Only a proxy's URL is repaired; no other cause may roll a repair back.
        make = failed if all(found.is_local and found.is_proxy for _, found in bad) else failed_beyond
        return make(f"{'; '.join(parts)}{more}{pending}", (*self.evidence, *advice))

    def _word(self, said: dict[str, Any], found: Trouble | None) -> str:
        by = self.known.proxies.https and said.get("step") not in {"", None} and said.get("status")
        words = [found.text if found is not None else f"answered {by or said.get('status') or 'in plain HTTP'}"]
        answers = said.get("servers")
        if isinstance(answers, dict) and len(set(answers.values())) > 1:
            words.append("name servers differ: " + ", ".join(f"{server} {word}" for server, word in answers.items()))
        clock = server_time(said)
        if clock is not None and abs(clock - self.now) > _SKEW_S:
            words.append(f"its clock differs from this host's by {duration(abs(clock - self.now))}")
        return visible("; ".join(words))


def _advice(found: list[Trouble]) -> list[Evidence]:
    return [Evidence("to do", do) for do in dict.fromkeys(one.do for one in found) if do]


def _names(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
