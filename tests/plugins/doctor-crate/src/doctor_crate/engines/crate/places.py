"""Where Crate keeps things."""

from doctor.model.paths import HostPath

NAME = "crate"
ROOT = HostPath("/var/lib/crate")
INDEX = "index.json"
STORE = "store.db"
BOXES = "boxes"
BLOBS = "blobs"
VOLUMES = "stashes"
SOCKET = HostPath("/run/crate.sock")
PROCESS = "crated"
