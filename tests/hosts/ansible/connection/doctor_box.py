"""Ansible's connection into a box: ``ansible_host`` is the PID of its first process. Nothing but a shell is used inside."""

from __future__ import annotations

import subprocess

from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: doctor_box
short_description: enters the namespaces of a throw-away host
description: For the tests only.
author: the container-doctor project
options:
  pid:
    description: PID of the first process of the throw-away host.
    vars:
      - name: ansible_host
"""


class Connection(ConnectionBase):
    """Runs commands by nsenter, and copies files through a shell."""

    transport = "doctor_box"
    has_pipelining = False

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def _inside(self, command: str) -> list[str]:
        enter = ["nsenter", "-t", self.get_option("pid"), "-m", "-n", "-p", "-u", "-i", "-r", "-w"]
        clean = [
            "env",
            "-i",
            "HOME=/root",
            "LANG=C.UTF-8",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        return [*enter, *clean, "sh", "-c", command]

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:  # noqa: D102
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        done = subprocess.run(self._inside(cmd), input=in_data or b"", capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def put_file(self, in_path: str, out_path: str) -> None:  # noqa: D102
        super().put_file(in_path, out_path)
        with open(in_path, "rb") as stream:
            subprocess.run(self._inside(f'cat >"{out_path}"'), stdin=stream, check=True)

    def fetch_file(self, in_path: str, out_path: str) -> None:  # noqa: D102
        super().fetch_file(in_path, out_path)
        with open(out_path, "wb") as stream:
            subprocess.run(self._inside(f'cat "{in_path}"'), stdout=stream, check=True)

    def close(self) -> None:  # noqa: D102
        self._connected = False
