"""Undoes a repair on the host; see plugins/modules/undo.py."""

from __future__ import annotations

from ansible_collections.container_doctor.doctor.plugins.plugin_utils.answers import undone
from ansible_collections.container_doctor.doctor.plugins.plugin_utils.base import SHARED, DoctorAction


class ActionModule(DoctorAction):
    """Skipped in check mode: doctor has no preview of an undo."""

    spec = {
        **SHARED,
        "run": {"type": "str", "required": True},
        "force": {"type": "bool", "default": False},
    }

    def act(self, args, task_vars):
        """Undo one repair."""
        if self._task.check_mode:
            return {"skipped": True, "changed": False, "msg": "an undo is not tried in check mode"}
        words = ["undo", "--yes", *(["--force"] if args["force"] else []), "--", args["run"]]
        return undone(self.doctor(args, words), args["run"])
