"""The error of a call."""


class CallError(Exception):
    """A call that got no answer.

    Attributes:
        kind: "absent" (nobody listens), "denied", "timeout" or "invalid" (not the protocol).
        message: what happened, for people.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def of(error: Exception, path: str, asked: str) -> CallError:
    """The call error for an exception while `asked` was sent to a socket."""
    # A Unix socket whose queue is full refuses a connection with EAGAIN instead of waiting (net/unix/af_unix.c).
    if isinstance(error, (TimeoutError, BlockingIOError)):
        return CallError("timeout", f"{path}: no answer to {asked}")
    if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
        return CallError("absent", f"{path}: no process listens")
    if isinstance(error, PermissionError):
        return CallError("denied", f"{path}: permission denied")
    if isinstance(error, OSError) and error.errno is not None:
        return CallError("invalid", f"{path}: {error.strerror}")
    return CallError("invalid", f"{path}: the answer to {asked} is invalid ({error})")
