"""Runs the battery and prints a table, as in RESULTS.md."""

import contextlib
import subprocess
import sys
import time

from tests.hosts.box import Box
from tests.hosts.traces.fault_table import FAULTS
from tests.hosts.traces.setting import TraceSetting


def main(names: list[str]) -> int:
    """Run the named faults, or all; return how many ended elsewhere than expected."""
    without = "--without-tracefs" in names
    names = [name for name in names if not name.startswith("--")]
    chosen = [fault for fault in FAULTS if not names or any(name in fault.name for name in names)]
    failed = 0
    agreed: dict[bool | None, int] = {}
    with Box() as box:
        box.start_dockerd()
        setting = TraceSetting(box, without_tracefs=without)
        print("| fault | the way ends | says | | the model |\n| --- | --- | --- | --- | --- |")
        for fault in chosen:
            try:
                setting.shell(fault.do)
                time.sleep(0.1)
                found = setting.trace(*fault.trace)
            except (subprocess.CalledProcessError, AssertionError) as error:
                failed += 1
                print(f"| {fault.name} | | | can't be set here: {error} {getattr(error, 'stderr', '')!r} |", flush=True)
                continue
            finally:
                with contextlib.suppress(subprocess.CalledProcessError):
                    setting.shell(fault.undo)
            wrong = setting.differences(fault, found)
            failed += bool(wrong)
            end = found["end"]
            where = f"{found['result']}: {end['place']} {end['device']} {end['reason']} {end['function']}".strip()
            model = found["model"] or {"agrees": None, "cause": "", "says": "not read"}
            agreed[model["agrees"]] = agreed.get(model["agrees"], 0) + 1
            word = {True: "agrees", False: "DISAGREES", None: "unknown"}[model["agrees"]]
            said = f"{word}: {model['cause']}: {model['says']}"
            print(f"| {fault.name} | {where} | {end['says']} | {'; '.join(wrong) or 'ok'} | {said} |", flush=True)
    print(
        f"\n{len(chosen) - failed} of {len(chosen)} as expected; the model agrees, disagrees, does not know: ", end=""
    )
    print(*(agreed.get(key, 0) for key in (True, False, None)))
    return failed


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 100))
