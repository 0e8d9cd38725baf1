#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || true
fi
# The originals of what repairs replaced are data of this host, not of the package: a purge keeps them, too.
case ${1:-} in
    remove | purge | 0)
        if [ -d /var/lib/doctor ]; then
            echo "container-doctor: kept /var/lib/doctor: earlier scans, metadata backups, and what 'doctor undo' restores; delete it if you need none of them"
        fi
        ;;
esac
exit 0
