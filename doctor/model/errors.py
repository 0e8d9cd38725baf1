"""The one family of errors: what happened, where, what to do, and the exit code."""

from typing import ClassVar

from doctor.model.exit_code import ExitCode


class DoctorError(Exception):
    """An error that is shown to the user in one line instead of a traceback.

    Attributes:
        what: what happened, lower case, no full stop ("can't parse daemon.json: expected ','").
        where: the place, in a form the user can find ("/etc/docker/daemon.json:7:3"), or "".
        do: the next step ("fix the file or run 'doctor fix config/invalid-json'"), or "".
        exit_code: what the command line exits with when the error reaches it.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.INCOMPLETE

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        super().__init__(what, where, do)
        self.what = what
        self.where = where
        self.do = do

    def __str__(self) -> str:
        # A path is first, as other programs print it; a position ("line 2") follows the message.
        is_path = self.where.startswith("/")
        text = f"{self.where}: {self.what}" if is_path else f"{self.what} at {self.where}" if self.where else self.what
        if self.do:
            text += f" — {self.do}"
        return text


class UsageError(DoctorError):
    """The command line, or a settings file, names something that does not exist."""

    exit_code = ExitCode.USAGE


class FormatError(DoctorError):
    """Bytes or text from a host do not have the expected format. The only error a parser raises."""


class RepairError(DoctorError):
    """A repair failed and was rolled back."""

    exit_code = ExitCode.ROLLED_BACK


class RefusedError(DoctorError):
    """Doctor refuses to act: more risk than allowed, a busy host, an unfinished run, an untrusted plugin."""

    exit_code = ExitCode.REFUSED
