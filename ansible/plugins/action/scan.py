"""Runs a scan on the host; see plugins/modules/scan.py."""

from __future__ import annotations

import json
import os

from ansible_collections.container_doctor.doctor.plugins.plugin_utils.answers import NoAnswerError, file_name, scanned
from ansible_collections.container_doctor.doctor.plugins.plugin_utils.base import SHARED, DoctorAction


class ActionModule(DoctorAction):
    """A scan changes nothing, so it runs in check mode as well."""

    spec = {
        **SHARED,
        "select": {"type": "list", "elements": "str", "default": []},
        "skip": {"type": "list", "elements": "str", "default": []},
        "deep": {"type": "bool", "default": False},
        "probe": {"type": "bool", "default": False},
        "root": {"type": "str", "default": ""},
        "problem_severity": {"type": "str", "choices": ["info", "warning", "error", "critical"]},
        "fail_on_problems": {"type": "bool", "default": False},
        "report_dir": {"type": "path"},
    }

    def act(self, args, task_vars):
        """Scan, and keep the report on the controller where that is asked for."""
        words = ["scan", "--format=json"]
        words += [f"--{name}={','.join(args[name])}" for name in ("select", "skip") if args[name]]
        words += [f"--{name}" for name in ("deep", "probe") if args[name]]
        words += [f"--root={args['root']}"] if args["root"] else []
        words += [f"--fail-on={args['problem_severity']}"] if args["problem_severity"] else []
        answer = self.doctor(args, words, "scan")
        result = scanned(answer)
        if args["report_dir"]:
            result["report"] = _kept(args["report_dir"], task_vars["inventory_hostname"], answer.document)
        if args["fail_on_problems"] and answer.code:
            result["failed"] = True
        return result


def _kept(directory, host, document):
    path = os.path.join(directory, file_name(host))
    try:
        os.makedirs(directory, exist_ok=True)
        # Renamed into its place, so that a reader never sees half a report.
        with open(f"{path}.new", "w", encoding="ascii") as stream:
            json.dump(document, stream)
        os.replace(f"{path}.new", path)
    except OSError as error:
        raise NoAnswerError(f"can't keep the report in {directory} on the controller: {error.strerror}") from error
    return path
