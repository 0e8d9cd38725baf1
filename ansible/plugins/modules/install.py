# Apache-2.0
"""Documentation of the installation; it is run by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: install
short_description: Install doctor as one file
version_added: 0.1.0
description:
  - Copies the one file for the host's processor to the host. It needs a kernel, and no Python or libraries.
  - The new file is started before it takes the place of an old one. The same file is not copied again.
options:
  src:
    description: The one file, or a directory with C(doctor-x86_64) and C(doctor-aarch64), on the controller.
    type: path
    required: true
  dest:
    description: Its path on the host.
    type: str
    default: /usr/local/bin/doctor
attributes:
  check_mode:
    support: full
    description: Compares, and copies nothing.
  diff_mode:
    support: none
    description: The file is a program.
notes:
  - The host needs a shell with C(uname), C(cp), C(mv), C(chmod) and C(sha256sum), and no Python.
author:
  - the container-doctor project (@container-doctor)
"""

EXAMPLES = r"""
- name: Install doctor
  container_doctor.doctor.install:
    src: dist
"""

RETURN = r"""
dest:
  description: The path on the host.
  type: str
  returned: always
checksum:
  description: The SHA-256 of the file.
  type: str
  returned: always
version:
  description: The version that the host started.
  type: str
  returned: if it was copied
"""
