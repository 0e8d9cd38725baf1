# Apache-2.0
"""Documentation of the scan; it is run by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: scan
short_description: Examine a container host with doctor
version_added: 0.1.0
description:
  - Runs C(doctor scan) on the host and returns the verdict and the findings. Changes nothing on the host.
  - The verdict is also set as the fact C(ansible_facts.doctor).
options:
  select:
    description: Only these checks or areas.
    type: list
    elements: str
    default: []
  skip:
    description: All but these checks or areas.
    type: list
    elements: str
    default: []
  deep:
    description: Also verify the content of every layer.
    type: bool
    default: false
  probe:
    description: Also run test containers. Only such a scan can be C(healthy).
    type: bool
    default: false
  root:
    description: Examine the host whose disk is mounted at this directory of the host.
    type: str
    default: ''
  problem_severity:
    description: The lowest severity that counts as a problem; default is the setting of the host.
    type: str
    choices: [info, warning, error, critical]
  fail_on_problems:
    description: Fail the task if there is a problem, or if something could not be examined.
    type: bool
    default: false
  report_dir:
    description:
      - Keep the JSON report in this directory of the controller, as C(HOST.json). C(doctor fleet) merges such reports.
    type: path
extends_documentation_fragment:
  - container_doctor.doctor.shared
attributes:
  check_mode:
    support: full
    description: A scan changes nothing.
  diff_mode:
    support: none
    description: A scan changes nothing.
"""

EXAMPLES = r"""
- name: Examine container hosts, also those without Python
  hosts: container_hosts
  gather_facts: false
  become: true
  tasks:
    - name: Scan with the one file, which is removed afterwards
      container_doctor.doctor.scan:
        src: dist
        report_dir: reports

    - name: Show what is wrong
      ansible.builtin.debug:
        msg: "{{ ansible_facts.doctor.says }}: {{ ansible_facts.doctor.findings }}"
      when: ansible_facts.doctor.verdict not in ['healthy', 'clear']
"""

RETURN = r"""
verdict:
  description:
    - C(healthy) (test containers passed), C(clear) (no problem found), C(problems), or C(incomplete) (something could not be
      examined, so the state is unknown).
  type: str
  returned: success
  sample: problems
problems:
  description: How many findings count as problems.
  type: int
  returned: success
findings:
  description: The findings without a waiver, worst first, with id, severity, subject, message, fix and fingerprint.
  type: list
  elements: dict
  returned: success
exit_code:
  description: doctor's exit code.
  type: int
  returned: success
messages:
  description: Notes of the scan.
  type: list
  elements: str
  returned: if there are any
report:
  description: The path of the kept report.
  type: str
  returned: with report_dir
ansible_facts:
  description: The verdict as a fact.
  returned: success
  type: dict
  contains:
    doctor:
      description: version, scanned, verdict, says, problems, worst, and the ids of the findings.
      type: dict
      returned: success
"""
