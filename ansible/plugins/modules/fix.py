# Apache-2.0
"""Documentation of a repair; it is run by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: fix
short_description: Repair a container host with doctor
version_added: 0.1.0
description:
  - Runs C(doctor fix --apply) on the host. The repair is journaled, verified, and rolled back if it fails.
  - In check mode it runs C(doctor fix), which makes the plan and changes nothing; with C(--diff) its changes are shown.
  - A second run changes nothing.
options:
  ids:
    description: Repair only these findings, by check or area.
    type: list
    elements: str
    default: []
  allow:
    description: The highest risk that a repair may have; default is the setting of the host, which is V(safe) unless changed.
    type: str
    choices: [safe, disruptive, destructive]
  choose:
    description:
      - Answers to questions of the plan, each C(ID:SUBJECT=CANDIDATE). The plan (C(manual)) lists them.
    type: list
    elements: str
    default: []
  deep:
    description: Also repair what the deep checks find.
    type: bool
    default: false
  root:
    description: Repair the host whose disk is mounted at this directory of the host.
    type: str
    default: ''
  fail_on_remaining:
    description: Fail the task if problems remain after the repair, or if something could not be examined.
    type: bool
    default: false
extends_documentation_fragment:
  - container_doctor.doctor.shared
attributes:
  check_mode:
    support: full
    description: Makes the plan, and changes nothing.
  diff_mode:
    support: full
    description: Shows the changes of the plan, and of the repair.
"""

EXAMPLES = r"""
- name: Show what would be repaired
  container_doctor.doctor.fix:
  check_mode: true
  diff: true

- name: Repair the network, also if containers have to restart
  container_doctor.doctor.fix:
    ids: [network, firewall]
    allow: disruptive
  register: repair

- name: Undo that repair
  container_doctor.doctor.undo:
    run: "{{ repair.run }}"
  when: repair.run | length > 0
"""

RETURN = r"""
run:
  description: The id of the repair, for an undo; empty if nothing was applied.
  type: str
  returned: always
  sample: 20261124-101502
actions:
  description: What the plan has, or the repair did, with risk, diff and result.
  type: list
  elements: dict
  returned: always
resolved:
  description: The findings that are gone, or that the plan would resolve.
  type: list
  elements: dict
  returned: always
remaining:
  description: The findings that are left, or that the plan would leave.
  type: list
  elements: dict
  returned: always
manual:
  description: The findings that a person has to decide on or repair, with advice and questions.
  type: list
  elements: dict
  returned: always
half_done:
  description: After a rollback that was not complete, what is where and what to do.
  type: list
  elements: dict
  returned: if a repair was tried
verdict:
  description: The verdict on the host as it is.
  type: str
  returned: in check mode
exit_code:
  description:
    - doctor's exit code. The task fails for 4 (failed and rolled back completely), 5 (refused) and 6 (failed and not rolled
      back completely). 1 (problems remain) and 3 (something could not be examined) are warnings.
  type: int
  returned: always
"""
