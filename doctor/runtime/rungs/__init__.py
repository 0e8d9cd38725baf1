"""The verb `rungs`: starts a container through one layer of the host each, and leaves nothing.

    python -I -S -E .../doctor/runtime/__main__.py rungs     (JSON on stdin, which stays open)

The input is one line, an object: `base` (a directory for what a start needs, made and removed), `spare`
(another one, if the first one's file system is full) and `rungs`, a list of objects.
Each has `id`, `kind` (the module here that starts it), `limit_s`, and what that module asks for. All run at the same time. For
each, one JSON line is printed as it ends, after everything it made is removed:

    {"id", "exit", "stdout", "stderr", "error", "timed_out", "output", "left", "seconds"}

`output` is the object that `attempt` returned; `error` says why it could not be tried (not: why the start failed), `left` what
could not be removed.

A kind is a module with two functions:

    attempt(stage, given) -> dict    runs in a process of its own, which is killed at the time limit or if doctor dies. It returns
                                     what it saw, never a judgement: the probe judges. Raises LaunchError if it can't be tried.
    undo(words)                      removes one thing that `stage.before(...)` announced; must do nothing if it is gone already

Each thing that outlives a process is announced before it is made: `stage.before("undo", "task", socket, id)` calls `task.undo`
later, in reverse order of the announcements; "command" runs a command; "cgroup" removes a group and kills its processes;
"tree" is not needed for `stage.directory` itself. The announcements are in a file in that directory, so the next run of the
verb removes what is left if both processes were killed (`keeper.sweep`).
"""
