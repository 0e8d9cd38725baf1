"""The bundled minimal container runtime: a program of its own, executed and never imported by the rest of doctor.

    python -I -S -E .../doctor/runtime/__main__.py run [OPTIONS] ROOTFS -- COMMAND
    python -I -S -E .../doctor/runtime/__main__.py batch < SPEC.json

It needs the standard library and this package, root, and a kernel of x86_64 or aarch64. It does not use the host's
Docker, so it works with dockerd dead. The input is parsed into an immutable plan, which one executor runs:
`process.launch` in the runtime's process, `process.init` in the container's.

    cli, run, batch   the command line and its two verbs; `supervise` watches the containers of a batch
    plan              the plan of a container, parsed from options or JSON
    bundle            an OCI bundle's config.json, one module for each object
    process           a container's process: creation, user, privileges, namespaces, and the end
    rootfs            its file systems
    cgroups           its limits and devices
    seccomp           filters of system calls, with their tables
    network           its links, addresses, firewall rules and ports
    stdio             its pipes or its terminal
    builtins          functions that run in a container in place of a command
    cleanup           undoes changes to the host
    base              system calls, values and errors, JSON, commands of the host
    pack              the cached code of a launch

The JSON of `batch`
-------------------
One object: `containers` (a list) and `parallel` (how many foreground containers may run at once, 1). Containers start in
the order of the list. A `background` one is started and, once it is `ready`, the next follows; it is killed when all
others have ended. Unknown fields and wrong types are refused before anything starts: one line, exit 2.

Each container:

    id            letters, digits, . _ - (at most 64); default c0, c1 …
    command       list of strings                 | exactly one of the two
    builtin       name of a built-in function     |
    args          object, the builtin's arguments
    rootfs        directory of the host, bound as it is (places to mount on that it lacks are made in it)
    layers        list of directories, topmost first, mounted as an overlay (at most 500); without rootfs and layers
                  the root is an empty tmpfs
    layers_root   directory: layers (and rootfs, upper and work, where they are relative) are names beneath it. No link
                  in the name of a layer, upper or work is followed, with or without it
    upper, work   directories of the host that keep the overlay's writes; without them the writes are discarded
    root_bytes    space for discarded writes, of the root and of each tmpfs (1 GiB, at most a quarter of the memory)
    scratch       object {directory, files}: upper and work are created in it and removed with the batch; files (path →
    text)
                  are the lower layer if there are no layers
    readonly      the root can't be written (false)
    env           list of "NAME=value", or object; PATH, HOME and HOSTNAME are added
    cwd           absolute path, made if missing ("/")
    user          "", NAME, UID, NAME:GROUP, UID:GID, looked up in the image's own passwd and group
    hostname      at most 64 bytes (the id)
    net           "none" (own, lo only), "host", "bridge", "container:ID" (an earlier container of the batch, or a process
                  id), "path:FILE" (a network namespace's file)
    userns        "FIRST:COUNT": a new user namespace where ids 0 … are FIRST … of the host; it owns all other namespaces,
                  so root inside has no rights outside. Layers and rootfs get these owners by mapped mounts (Linux 5.19
                  and 5.12, not on every file system; refused where they can't) unless they belong to the range already.
                  Files that root writes to upper (empty, or the range's) belong to FIRST; to a rootfs that is mapped,
                  to root on disk. Volumes are not mapped. With a net that is not its own, /sys is a read-only bind of
                  the host's
    bridge        object for net "bridge": name, address "A.B.C.D/N", gateway (default route; optional), create (make the
                  bridge with the gateway's address if it is missing, remove it afterwards), mtu, mac; uplink true: name is an
                  interface of the host, and the container stands behind it as a neighbour on its wire, so that its packets
                  come in by that interface; none of them reaches the wire
    publish       list of {host_port, container_port, protocol "tcp"|"udp", host_ip, chain, proxy}: rules are made and removed;
                  with chain (of nat and filter, "DOCKER") only there, so the host's own rules must jump to it; with
                  proxy a process holds the port and answers on the host itself, also on 127.0.0.1
    masquerade    true: a rule that masquerades the container's address, added and removed; without publish and
                  masquerade no rule is touched, so the host's own must carry the traffic
    volumes       list of {source, target, readonly}
    files         object: absolute path inside → text of a read-only file bound there (/etc/hosts, /etc/resolv.conf)
    tmpfs         list of absolute paths that get an empty tmpfs
    memory_bytes, cpus (1.5), pids, shm_bytes (64 MiB)
    caps          list of names; default Docker's fourteen
    seccomp       true: Docker's default profile for the default capabilities (more `caps` do not widen it)
    no_new_privs  true
    rlimits       object: name ("nofile") → number or [soft, hard], -1 unlimited
    timeout_s     the container is killed after so many seconds
    output_bytes  how much of stdout and of stderr is kept (1 MiB); the rest is read and dropped
    stdin         text; without it /dev/null
    background, ready (a text that stdout must contain before the batch continues, within 10 s)

One JSON line for each container, as it ends:

    {"id", "exit", "signal", "stdout", "stderr", "dropped_bytes", "wall_s", "timed_out", "killed", "oom_killed", "error",
     "warnings"}

`exit` is the command's code, 128 + `signal` when a signal ended it, or, with `error` set: 125 the runtime failed, 126 the
command can't be executed, 127 it was not found. `killed` marks a background container that was killed at the end of the
batch. The batch exits with 0 if every foreground container exited with 0, 1 if not, 2 for wrong JSON, 125 if nothing
could run.

Builtins (`builtins`) print one JSON object and exit 0, 1 (failed; the reason is on stderr) or 2 (wrong arguments):

    print          text, repeat, to ("stdout"|"stderr")
    sleep          seconds
    memory-eat     bytes, read                  → {ok, bytes, files}
    fork-many      count, read                  → {ok, made, errno, files}
    cpu-burn       seconds, read                → {ok, cpu_s, files}
    inspect                                     → {pid, hostname, status, namespaces, mounts, interfaces, …}
    write-file     path, text                   → {ok, bytes}
    read-file      path, limit                  → {ok, text}
    stat-files     paths, program, search       → {ok, files: {path: {type, mode, uid, gid, bytes} or {errno}}, program, runs}
    overlay-check  directory, hide, change      → {ok, done, failed, errno, error}
    tcp-connect    host, port, timeout_s        → {ok, local, seconds}
    http-get       host, port, path, name, timeout_s → {ok, status, local, body}
    udp-ask        host, port, text, timeout_s  → {ok, answer, error}
    dns-query      name, server, port, type, timeout_s → {ok, answered, server, code, records, problems}
    reach          targets, timeout_s, name, hold → {ok, results: [{kind, host, port, reached, errno, local, code, seen}]}
    registry       targets, servers, stores, openssl, timeout_s → {ok, results: [{id, step, problem, servers, address, certificate, …}], now}
    tcp-peers      ports, peers, first, timeout_s → {ok, listening, seen: {port: [ADDRESS:PORT]}}
    listen         port, body, count, address   → {ready, port}, then answers HTTP with {peer, port, body}
    greet          port                         → {ready, port}, then sends each client its address as seen here
    udp-listen     port, count                  → {ready, port}, then answers "PEER DATA"
"""
