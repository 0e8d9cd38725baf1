"""Copies the one file to the host; see plugins/modules/install.py."""

from __future__ import annotations

import shlex

from ansible_collections.container_doctor.doctor.plugins.plugin_utils.answers import NoAnswerError, way_out
from ansible_collections.container_doctor.doctor.plugins.plugin_utils.base import DoctorAction, digest


class ActionModule(DoctorAction):
    """Needs a shell on the host, and nothing else."""

    spec = {
        "src": {"type": "path", "required": True},
        "dest": {"type": "str", "default": "/usr/local/bin/doctor"},
    }

    def act(self, args, task_vars):
        """Copy the file if the host has another one, and start it before it takes the place of the old."""
        local, dest = self.local_file(args["src"]), args["dest"]
        wanted = digest(local)
        quoted = shlex.quote(dest)
        found = self.run_script(f"sha256sum {quoted} 2>/dev/null")[1]
        result = {"dest": dest, "checksum": wanted}
        if wanted in found.split() and self.run_script(f"test -x {quoted}")[0] == 0:
            return {**result, "changed": False}
        if self._task.check_mode:
            return {**result, "changed": True}
        remote = self._connection._shell.join_path(self._tmp(), "doctor")
        self._transfer_file(local, remote)
        new = shlex.quote(f"{dest}.new")
        # Beside its place: the temporary directory may be noexec, and a rename is whole or does not happen.
        code, said = self.run_script(
            f"rm -f {new}; cp {shlex.quote(remote)} {new} && chmod 0755 {new} && {new} --version && mv -f {new} {quoted} || "
            f"{{ rm -f {new}; exit 1; }}"
        )
        if code:
            raise NoAnswerError(f"{local} does not run as {dest} on the host: {said}{way_out(said)}")
        return {**result, "changed": True, "version": said.splitlines()[-1].removeprefix("doctor ")}
