"""Plans or applies a repair on the host; see plugins/modules/fix.py."""

from __future__ import annotations

from ansible_collections.container_doctor.doctor.plugins.plugin_utils.answers import planned, repaired
from ansible_collections.container_doctor.doctor.plugins.plugin_utils.base import SHARED, DoctorAction


class ActionModule(DoctorAction):
    """In check mode only the plan is made."""

    spec = {
        **SHARED,
        "ids": {"type": "list", "elements": "str", "default": []},
        "allow": {"type": "str", "choices": ["safe", "disruptive", "destructive"]},
        "choose": {"type": "list", "elements": "str", "default": []},
        "deep": {"type": "bool", "default": False},
        "root": {"type": "str", "default": ""},
        "fail_on_remaining": {"type": "bool", "default": False},
    }

    def act(self, args, task_vars):
        """Plan in check mode, else repair."""
        words = ["fix", "--format=json"]
        words += [] if self._task.check_mode else ["--apply", "--yes"]
        words += [f"--allow={args['allow']}"] if args["allow"] else []
        words += [f"--choose={one}" for one in args["choose"]]
        words += ["--deep"] if args["deep"] else []
        words += [f"--root={args['root']}"] if args["root"] else []
        words += ["--", *args["ids"]] if args["ids"] else []
        answer = self.doctor(args, words, "plan" if self._task.check_mode else "repair")
        result = planned(answer) if self._task.check_mode else repaired(answer)
        if args["fail_on_remaining"] and answer.code and not self._task.check_mode:
            result["failed"] = True
        return result
