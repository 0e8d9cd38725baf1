#!/bin/sh
set -e
# Before the files go: what 'doctor guard install' and 'doctor schedule install' wrote for this program goes, too.
# dpkg passes remove, upgrade, deconfigure or failed-upgrade, rpm the number of versions that stay.
case ${1:-} in
    remove | 0) ;;
    *) exit 0 ;;
esac

# A removal never fails here. The drop-in lets the engine start without doctor, too; a schedule would fail each night.
if grep -qs '/usr/bin/doctor' /etc/systemd/system/docker.service.d/50-doctor-guard.conf; then
    /usr/bin/doctor guard remove || echo "container-doctor: 'doctor guard remove' failed; the engine starts without the guard" >&2
fi
if grep -qs '/usr/bin/doctor' /etc/systemd/system/doctor-scan.service /etc/cron.d/doctor; then
    /usr/bin/doctor schedule remove || echo "container-doctor: 'doctor schedule remove' failed; remove /etc/cron.d/doctor or /etc/systemd/system/doctor-scan.*" >&2
fi
if [ -d /run/systemd/system ]; then
    systemctl --no-reload disable --now doctor-scan.timer >/dev/null 2>&1 || true
else
    rm -f /etc/systemd/system/timers.target.wants/doctor-scan.timer
fi
exit 0
