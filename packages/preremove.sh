#!/bin/sh
set -e
# Before the files go: what 'doctor guard install' and 'doctor schedule install' wrote for this program goes, too.
# dpkg passes remove, upgrade, deconfigure or failed-upgrade, rpm the number of versions that stay.
case ${1:-} in
    remove | 0) ;;
    *) exit 0 ;;
esac

# A removal never fails here, and a program that is broken leaves nothing behind that would fail at each start or each night.
drop_in=/etc/systemd/system/docker.service.d/50-doctor-guard.conf
if grep -qs '/usr/bin/doctor' $drop_in; then
    /usr/bin/doctor guard remove || rm -f $drop_in
fi
for file in /etc/systemd/system/doctor-scan.service /etc/cron.d/doctor; do
    if grep -qs '/usr/bin/doctor' $file; then
        /usr/bin/doctor schedule remove || rm -f $file ${file%.service}.timer
    fi
done
# A timer that is still there is another doctor's.
if [ ! -e /etc/systemd/system/doctor-scan.timer ]; then
    if [ -d /run/systemd/system ]; then
        systemctl --no-reload disable --now doctor-scan.timer >/dev/null 2>&1 || true
    else
        rm -f /etc/systemd/system/timers.target.wants/doctor-scan.timer
    fi
    rm -f /var/lib/systemd/timers/stamp-doctor-scan.timer
fi
exit 0
