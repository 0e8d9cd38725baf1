"""The cached code of a launch where it can't be written: on a read-only file system."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.runtime import runtime_kit as kit

pytestmark = pytest.mark.live
# Prints each source that is compiled; an import of bytecode compiles none.
CODE = """
import posix, sys
def seen(event, arguments):
    if event == "compile" and str(arguments[1]).endswith("spec.py"):
        posix.write(2, b"compiled spec.py\\n")
sys.addaudithook(seen)
main = sys.argv.pop(1)
exec(compile(open(main).read(), main, "exec"), {"__name__": "__main__", "__file__": main})
"""
READ_ONLY = 'mount --make-rprivate / && mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'


def test_nothing_is_compiled_for_a_file_that_can_not_be_written(tmp_path: Path) -> None:
    """A launch from a read-only directory, as an image may have doctor, cost four times as much."""
    shutil.copytree(kit.RUNTIME.parent, tmp_path / "doctor/runtime", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(kit.RUNTIME.parents[1] / "__init__.py", tmp_path / "doctor")
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(tmp_path)], check=True)
    main = str(tmp_path / "doctor/runtime/__main__.py")
    launch = [sys.executable, "-I", "-S", "-E", "-c", CODE, main, "run", "--net", "nowhere", "/", "--", "true"]
    sealed = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", str(tmp_path), *launch]
    for argv, compiled in ((sealed, False), (launch, True), (sealed, False)):
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
        assert "'nowhere' is not" in done.stderr
        assert ("compiled spec.py" in done.stderr) == compiled
