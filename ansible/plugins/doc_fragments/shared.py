"""Options that every module of the collection has."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment."""

    DOCUMENTATION = r"""
options:
  executable:
    description:
      - The command on the host. Without a slash it is searched in C(PATH) and below C(/usr/local).
    type: str
    default: doctor
  src:
    description:
      - The one file, or a directory with C(doctor-x86_64) and C(doctor-aarch64), on the controller.
      - The file for the host's processor is copied to the task's temporary directory, run from there, and removed. Nothing
        else needs to be installed on the host.
    type: path
notes:
  - The host needs a shell, and no Python. Set C(gather_facts=false) for a host without Python, as that task needs it.
  - Run it as root (C(become=true)). As another user doctor sees less, and reports that as incomplete.
  - The time of a task is limited with Ansible's own C(timeout) keyword.
author:
  - the container-doctor project (@container-doctor)
"""
