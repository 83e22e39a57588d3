# shellcheck shell=bash
# Debian's packages that building, checking, testing and benchmarking need, and their installation.
# Sourced by the other scripts. Only what is missing is installed, and only by root.

PACKAGES_BUILD=(build-essential cmake ninja-build pkg-config
    libfuse3-dev libcurl4-openssl-dev libssl-dev libsodium-dev uthash-dev libexpat1-dev
    libjansson-dev scdoc)
PACKAGES_RUN=(fuse3 ca-certificates)
PACKAGES_CHECK=(clang-format shellcheck git)
# A real S3 server (Ceph's gateway), and clients that others wrote.
PACKAGES_SERVERS=(radosgw ceph-mon ceph-osd python3 python3-cryptography python3-boto3 openssl
    procps)
PACKAGES_TEST=(libcmocka-dev ruby-aws-sdk-s3 ruby-aws-sdk-kms golang-go
    golang-github-aws-aws-sdk-go-dev golang-github-jmespath-go-jmespath-dev
    samba smbclient python3-impacket python3-prometheus-client systemd faketime plocate
    valgrind gdb
    awscli jq rsync attr fio strace sqlite3 postgresql mariadb-server-core mariadb-client)
# scripts/coverage, and memcheck over the unit tests (scripts/test full).
PACKAGES_COVERAGE=(gcovr)
PACKAGES_BENCH=(s3fs rclone fio)
# scripts/package, and the roots and machines that its tests make.
PACKAGES_PACKAGE=(debhelper dpkg-dev fakeroot)
PACKAGES_ROOTS=(debootstrap systemd-container lintian)
export PACKAGES_BUILD PACKAGES_RUN PACKAGES_CHECK PACKAGES_SERVERS PACKAGES_TEST PACKAGES_BENCH
export PACKAGES_COVERAGE PACKAGES_PACKAGE PACKAGES_ROOTS

packages_missing() {
    local name
    for name in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
            echo "$name"
    done
}

# Debian starts a server as soon as it is installed; a test machine must not get a Samba that way.
# Runs a command while that is forbidden.
packages_without_services() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [ -e "$policy" ]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    "$@" || status=$?
    rm -f "$policy"
    return "$status"
}

packages_apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@"
}

packages_install() {
    packages_apt update && packages_apt install -y --no-install-recommends "$@"
}

# packages_need NAME...: quiet when nothing is missing.
packages_need() {
    local missing log
    if ! command -v dpkg-query >/dev/null; then
        echo "rdsbak: not a Debian system; needed: $*" >&2
        return 0
    fi
    mapfile -t missing < <(packages_missing "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "rdsbak: packages are missing; as root: apt-get install ${missing[*]}" >&2
        return 1
    fi
    echo "installing ${#missing[@]} packages: ${missing[*]}"
    log=$(mktemp)
    if ! packages_without_services packages_install "${missing[@]}" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        echo "rdsbak: apt-get could not install the packages (see above)" >&2
        return 1
    fi
    rm -f "$log"
}
