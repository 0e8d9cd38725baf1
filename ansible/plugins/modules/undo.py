# Apache-2.0
"""Documentation of an undo; it is run by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: undo
short_description: Undo a repair of doctor
version_added: 0.1.0
description:
  - Runs C(doctor undo RUN) on the host, which restores every byte, mode, owner and rule of before the repair.
  - A repair that is already undone is left alone.
options:
  run:
    description: The repair, as the fix module returns it.
    type: str
    required: true
  force:
    description: Also replace files that were changed after the repair.
    type: bool
    default: false
extends_documentation_fragment:
  - container_doctor.doctor.shared
attributes:
  check_mode:
    support: none
    description: The task is skipped.
  diff_mode:
    support: none
    description: An undo shows no diff.
"""

EXAMPLES = r"""
- name: Undo a repair
  container_doctor.doctor.undo:
    run: 20261124-101502
"""

RETURN = r"""
run:
  description: The repair that was undone.
  type: str
  returned: always
exit_code:
  description: doctor's exit code; 1 (something that ran before does not run now) is a warning, 6 (partly undone) a failure.
  type: int
  returned: always
"""
