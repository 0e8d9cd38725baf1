"""Ansible's callback of the tests: writes each result as a line of JSON to the file that ``DOCTOR_RESULTS`` names."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: doctor_results
type: aggregate
short_description: results as lines of JSON
description: For the tests only.
author: the container-doctor project
"""


class CallbackModule(CallbackBase):
    """One line a host and task."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "doctor_results"

    def _write(self, state: str, result: Any) -> None:
        line = {"host": result.host.get_name(), "task": result.task.get_name(), "state": state, **result.result}
        with open(os.environ["DOCTOR_RESULTS"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:  # noqa: D102
        self._write("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: D102
        self._write("failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:  # noqa: D102
        self._write("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:  # noqa: D102
        self._write("unreachable", result)
