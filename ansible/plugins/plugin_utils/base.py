"""Shared by the action plugins: doctor is run by the connection's shell, so a host needs no Python."""

from __future__ import annotations

import hashlib
import os
import shlex

from ansible_collections.container_doctor.doctor.plugins.plugin_utils.answers import NoAnswerError, read, script

from ansible.plugins.action import ActionBase

SHARED = {
    "executable": {"type": "str", "default": "doctor"},
    "src": {"type": "path"},
}


class DoctorAction(ActionBase):
    """An action that runs doctor on the host. Subclasses define ``spec`` and ``act``."""

    TRANSFERS_FILES = True
    _supports_check_mode = True
    _supports_async = False
    spec: dict = {}

    def run(self, tmp=None, task_vars=None):
        """Check the options, run, and remove the temporary directory."""
        del tmp
        result = super().run(None, task_vars)
        if result.get("skipped"):
            return result
        args = self.validate_argument_spec(argument_spec=self.spec)[1]
        try:
            result.update(self.act(args, task_vars or {}))
        except NoAnswerError as error:
            result.update(failed=True, changed=False, msg=str(error))
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        if not self._task.diff:
            result.pop("diff", None)
        return result

    def act(self, args, task_vars):
        """Do the action's own work and return its result."""
        raise NotImplementedError

    def doctor(self, args, words, kind=""):
        """Run doctor on the host and return its answer."""
        errors = self._connection._shell.join_path(self._tmp(), "messages")
        program = self._copied(args["src"]) if args["src"] else args["executable"]
        done = self._low_level_execute_command(script(program, words, errors))
        return read(done["stdout"], kind)

    def local_file(self, src):
        """Return the file on the controller that fits the host's processor; ``src`` is that file or its directory."""
        path = self._find(src)
        if not os.path.isdir(path):
            return path
        machine = self._low_level_execute_command("uname -m")["stdout"].strip().splitlines()[-1:] or ["unknown"]
        name = "doctor-" + {"arm64": "aarch64", "amd64": "x86_64"}.get(machine[0], machine[0])
        path = os.path.join(path, name)
        if not os.path.isfile(path):
            raise NoAnswerError(f"{src} has no {name}, which this host's processor needs: run 'make onefile'")
        return path

    def _find(self, src):
        found = src if os.path.isabs(src) else self._find_needle("files", src)
        if not os.path.exists(found):
            raise NoAnswerError(f"there is no {found} on the controller: name the file, or the directory of both files")
        return found

    def _tmp(self):
        return self._connection._shell.tmpdir or self._make_tmp_path()

    def _copied(self, src):
        """Copy the one file to the task's temporary directory and return its path there."""
        local = self.local_file(src)
        remote = self._connection._shell.join_path(self._tmp(), "doctor")
        self._transfer_file(local, remote)
        self._fixup_perms2((self._tmp(), remote), execute=True)
        return remote

    def run_script(self, text):
        """Run a shell script on the host and return code and output."""
        done = self._low_level_execute_command(f"sh -c {shlex.quote(text)}")
        return done["rc"], "\n".join(filter(None, (done["stdout"].strip(), done["stderr"].strip())))


def digest(path):
    """Return the SHA-256 of a file on the controller."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _digest(stream)


def _digest(stream):
    state = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        state.update(chunk)
    return state.hexdigest()
