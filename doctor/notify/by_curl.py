"""Sends by curl or GNU wget of the host, where this doctor has no TLS of its own (docs/decisions/0059).

Secrets and content reach the programs by file descriptors: neither their arguments nor their environment shows them.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from doctor.formats.network.http_proxy import ProxyAddress
from doctor.model.errors import DoctorError
from doctor.model.text import visible
from doctor.notify.proxy import pair
from doctor.notify.send import TryLaterError
from doctor.state.settings import Recipient

if TYPE_CHECKING:
    from doctor.notify.mail import MailRoute

_ANSWER_BYTES = 64 << 10
# curl(1), EXIT CODES: the certificate or the TLS settings are wrong, which another attempt does not change.
_CURL_CERTIFICATE = frozenset({35, 51, 53, 54, 58, 59, 60, 66, 77, 80, 83, 90, 91})
_WGET_CERTIFICATE = 5
_CURL_LOGIN = 67


def curl() -> str:
    """Return the path of curl. Raises ``DoctorError`` if the host does not have it."""
    found = shutil.which("curl")
    if not found:
        raise DoctorError(
            "this doctor has no TLS of its own, and the host has no curl",
            do="install curl, or choose another recipient",
        )
    return found


def curl_or_wget() -> str:
    """Return the path of curl, else of GNU wget. Raises ``DoctorError`` if the host has neither."""
    found = shutil.which("curl")
    if found:
        return found
    wget = shutil.which("wget")
    # busybox's wget does not check certificates.
    if wget and b"GNU Wget" in subprocess.run([wget, "--version"], capture_output=True, timeout=10, check=False).stdout:
        return wget
    raise DoctorError(
        "this doctor has no TLS of its own, and the host has neither curl nor GNU wget",
        do="install curl, or choose another recipient",
    )


def refused_by(proxy: ProxyAddress, status: int) -> DoctorError:
    """Return the error of a proxy that opens no tunnel."""
    if status == 407:
        return DoctorError(
            f"the proxy {proxy.place} wants a valid user name and password (407)",
            do='write its URL with both into a root-only file, and proxy = "from:/FILE"',
        )
    kind = TryLaterError if status >= 500 else DoctorError
    return kind(f"the proxy {proxy.place} answers {status} and does not connect to the server")


def post(
    url: str, body: bytes, headers: Mapping[str, str], given: Recipient, proxy: ProxyAddress | None = None
) -> tuple[int, str, str]:
    """POST by curl or wget; return status, Location and the beginning of the answer. Raises ``DoctorError``."""
    program = curl_or_wget()
    is_curl = os.path.basename(program) == "curl"
    with MemoryFiles(body) as content:
        settings = _curl(url, headers, given, content) if is_curl else _wget(headers, given, content)
        settings += _proxied(proxy, is_curl=is_curl)
        with MemoryFiles(settings.encode()) as configuration:
            if is_curl:
                argv = [program, "-q", "--config", configuration.path]
            else:
                argv = [program, f"--config={configuration.path}", f"--input-file={content.more(url)}"]
            return _answered(_ran(argv, (content, configuration), given.timeout), proxy, is_curl=is_curl)


class MemoryFiles:
    """Bytes in memory that a child reads as files."""

    def __init__(self, content: bytes) -> None:
        self.descriptors = [self._new(content)]

    @staticmethod
    def _new(content: bytes) -> int:
        descriptor = os.memfd_create("doctor-notify", 0)
        os.write(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor

    def more(self, text: str) -> str:
        """Hold another text, and return its path."""
        self.descriptors.append(self._new(text.encode()))
        return f"/proc/self/fd/{self.descriptors[-1]}"

    @property
    def path(self) -> str:
        """The path for the child."""
        return f"/proc/self/fd/{self.descriptors[0]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)


def _curl(url: str, headers: Mapping[str, str], given: Recipient, content: MemoryFiles) -> str:
    lines = [
        f'url = "{_quoted(url)}"',
        "silent",
        "show-error",
        "include",
        'proto = "=https"',
        "max-redirs = 0",
        f"max-time = {given.timeout}",
        f"max-filesize = {_ANSWER_BYTES}",
        f'data-binary = "@{content.path}"',
        *(f'header = "{_quoted(f"{name}: {value}")}"' for name, value in headers.items()),
        'header = "Expect:"',
    ]
    lines += [f'cacert = "{_quoted(given.ca_file)}"'] if given.ca_file else []
    return "\n".join(lines) + "\n"


def _wget(headers: Mapping[str, str], given: Recipient, content: MemoryFiles) -> str:
    lines = [
        "quiet = off",
        "verbose = off",
        "server_response = on",
        "max_redirect = 0",
        "tries = 1",
        f"timeout = {given.timeout}",
        f"post_file = {content.path}",
        "output_document = /dev/null",
        *(f"header = {name}: {value}" for name, value in headers.items()),
    ]
    lines += [f"ca_certificate = {given.ca_file}"] if given.ca_file else []
    return "\n".join(lines) + "\n"


def _proxied(proxy: ProxyAddress | None, *, is_curl: bool) -> str:
    """Return the settings for a tunnel, or against each proxy that the program knows by itself."""
    if proxy is None:
        return 'noproxy = "*"\n' if is_curl else "use_proxy = off\n"
    place = f"http://[{proxy.host}]:{proxy.port}" if ":" in proxy.host else proxy.place
    user, password = pair(proxy)
    if is_curl:
        login = [f'proxy-user = "{_quoted(f"{user}:{password}")}"'] if proxy.login else []
        return "\n".join((f'proxy = "{place}"', 'noproxy = ""', "suppress-connect-headers", *login)) + "\n"
    login = [f"proxy_user = {user}", f"proxy_password = {password}"] if proxy.login else []
    return "\n".join(("use_proxy = on", f"https_proxy = {place}", *login)) + "\n"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def mail(
    route: "MailRoute", ends: tuple[str, str], content: bytes, *, must_check: bool, password: str, given: Recipient
) -> None:
    """Send a message from one address to another, with STARTTLS where it is offered. Raises ``DoctorError``."""
    program = curl()
    scheme = "smtps" if route.is_tls else "smtp"
    host = f"[{route.host}]" if ":" in route.host else route.host
    with MemoryFiles(content) as message:
        lines = [
            f'url = "{scheme}://{host}:{route.port}/{route.name}"',
            "silent",
            "show-error",
            'proto = "=smtp,smtps"',
            'noproxy = "*"',
            f"max-time = {given.timeout}",
            f'mail-from = "{ends[0]}"',
            f'mail-rcpt = "{ends[1]}"',
            f'upload-file = "{message.path}"',
            "ssl-reqd" if must_check else "ssl",
        ]
        lines += [f'user = "{_quoted(f"{route.user}:{password}")}"'] if route.user else []
        lines += [] if must_check else ["insecure"]
        lines += [f'cacert = "{_quoted(given.ca_file)}"'] if given.ca_file else []
        with MemoryFiles(("\n".join(lines) + "\n").encode()) as settings:
            done = _ran([program, "-q", "--config", settings.path], (message, settings), given.timeout)
    if done.returncode != 0:
        says = _last_line(done)
        found = re.search(r"\b([245]\d\d)\b", says)
        is_final = done.returncode in {*_CURL_CERTIFICATE, _CURL_LOGIN} or (found is not None and found[1][0] == "5")
        raise (DoctorError if is_final else TryLaterError)(says)


def _ran(argv: list[str], held: "tuple[MemoryFiles, ...]", timeout: int) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout + 1,
            check=False,
            pass_fds=tuple(descriptor for one in held for descriptor in one.descriptors),
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/", "LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired:
        raise TryLaterError(f"no answer within {timeout} s") from None
    except OSError as error:
        raise DoctorError(f"can't run it: {error.strerror}", where=argv[0]) from error


def _last_line(done: "subprocess.CompletedProcess[bytes]") -> str:
    lines = visible(done.stderr[:4096].decode("utf-8", "replace").strip(), keep="\n").splitlines()
    return lines[-1][:200] if lines else f"exit code {done.returncode}"


def _answered(
    done: "subprocess.CompletedProcess[bytes]", proxy: ProxyAddress | None, *, is_curl: bool
) -> tuple[int, str, str]:
    """Return status, Location and the beginning of the answer. Raises ``DoctorError`` if there was none."""
    answer = (done.stdout if is_curl else done.stderr)[:_ANSWER_BYTES].decode("utf-8", "replace")
    found = re.findall(r"(?m)^ *HTTP/[\d.]+ (\d{3})", answer)
    if found:
        place = re.search(r"(?mi)^ *Location: *(\S+)", answer)
        says = answer.replace("\r", "").partition("\n\n")[2].strip().splitlines() if is_curl else []
        return int(found[-1]), place[1] if place else "", visible(says[0]) if says else ""
    refused = None if proxy is None else re.search(rb"(?:response|code|failed:) (\d{3})\b", done.stderr)
    if refused is not None and proxy is not None:
        raise refused_by(proxy, int(refused[1]))
    by = "" if proxy is None else f" (by the proxy {proxy.place})"
    if done.returncode in (_CURL_CERTIFICATE if is_curl else {_WGET_CERTIFICATE}):
        raise DoctorError(f"the TLS connection failed: {_last_line(done)}{by}")
    raise TryLaterError(f"{_last_line(done)}{by}")
