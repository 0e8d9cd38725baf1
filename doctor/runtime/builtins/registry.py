"""A builtin that goes the way of a pull as far as it costs no pull: name, proxy, TLS, and the first HTTP answer."""

import signal
import threading
import time

from doctor.runtime.base.frozen import TYPE_CHECKING
from doctor.runtime.builtins.answers import builtin, say
from doctor.runtime.builtins.streams import StepError
from doctor.runtime.builtins.talk import asked, follow, way
from doctor.runtime.builtins.targets import RegistryTalk, TalkTarget
from doctor.runtime.plan.reader import FieldReader, bad

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_TARGETS = 96


def _registry(reader: FieldReader) -> None:
    """Targets (id, host, port, tls, store, certificate, names, addresses, path, method, proxy, then), servers, stores, openssl, timeout_s.

    All are talked to in parallel, and all end at the deadline. Reports for each the last step and its problem ("" if
    HTTP was answered), what each name server said, the certificate, and the head of the answer.
    """
    sources = reader.items("targets")
    if len(sources) > _MOST_TARGETS:
        raise bad(f"args.targets: at most {_MOST_TARGETS}")
    targets = [TalkTarget(source, f"args.targets[{index}]") for index, source in enumerate(sources)]
    talk = RegistryTalk(reader)
    reader.end()
    # A server that resets a connection must not end the talk with the others.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    began = time.monotonic()
    threads = [threading.Thread(target=_talked, args=(talk, one), daemon=True) for one in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, talk.deadline + 0.2 - time.monotonic()))
    late = {"problem": "silent"}
    results = [
        dict(one.said) | (late if thread.is_alive() else {}) for one, thread in zip(targets, threads, strict=True)
    ]
    say(ok=True, results=results, now=time.time(), seconds=round(time.monotonic() - began, 3))


def _talked(talk: RegistryTalk, target: TalkTarget) -> None:
    began = time.monotonic()
    try:
        stream = way(talk, target)
        try:
            asked(target, stream, target.said)
        finally:
            stream.close()
        if target.then is not None:
            follow(talk, target)
    except StepError as failure:
        target.said |= {"problem": failure.problem, "text": failure.text[:200], "errno": failure.number}
    except Exception as error:  # noqa: BLE001 - a hostile server must not end the others' talk
        target.said |= {"problem": "failed", "text": f"{type(error).__name__}: {error}"[:200]}
    target.said["seconds"] = round(time.monotonic() - began, 3)


FUNCTIONS: "dict[str, Callable[[dict[str, object]], int]]" = {"registry": builtin(_registry)}
