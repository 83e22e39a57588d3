#!/bin/bash
# journald.sh DIR MOUNTPOINT PROGRAM mount ...: in a mount namespace of its own (unshare -m), with a
# systemd-journald of its own: runs the mount twice as a daemon, with --log journald and with --log
# syslog, has a file written by each, and prints the journal as JSON.
set -eu
dir=$1 mountpoint=$2
shift 2
mkdir -p "$dir/dev"
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journald.conf.d /run/log/journal
printf '[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nForwardToConsole=no\n' \
    >/run/systemd/journald.conf.d/test.conf
# /dev/log belongs to the machine: here it is this journal's.
mount -t tmpfs tmpfs "$dir/dev"
for device in null zero random urandom full fuse; do
    touch "$dir/dev/$device"
    mount --bind "/dev/$device" "$dir/dev/$device"
done
ln -s /run/systemd/journal/dev-log "$dir/dev/log"
mount --rbind "$dir/dev" /dev

/usr/lib/systemd/systemd-journald </dev/null >/dev/null 2>&1 &
journald=$!
trap 'kill "$journald" 2>/dev/null || true' EXIT
await() {
    local _
    for _ in $(seq 1200); do
        "$@" && return 0
        sleep 0.1
    done
    echo "journald.sh: in vain: $*" >&2
    return 1
}
await test -S /run/systemd/journal/socket
await test -S /run/systemd/journal/dev-log

entries() {
    journalctl -D /run/log/journal -o json 2>/dev/null
}
committed() {
    entries | grep -q "$1: committed"
}
for sink in journald syslog; do
    name=$sink.bak
    [ "$sink" = syslog ] || name=journal.bak
    "$@" --log "$sink"
    printf 12345 >"$mountpoint/$name"
    await committed "$name"
    umount "$mountpoint"
done
entries
