#!/bin/sh
# Installs the packages of a list, binder/apt.txt where none is named, that this system lacks. Says in one sentence what it
# cannot install, and ends well: `cnetkit doctor` then names what cannot run without it.
here=$(dirname "$0")
log=$here/apt.log
packages=$(grep -v '^#' "${1:-$here/apt.txt}") || exit 1
if ! command -v dpkg-query >/dev/null; then
    echo "This is not a Debian or Ubuntu system: install what cnetkit doctor names as missing by your own means."
    exit 0
fi
missing=
for package in $packages; do
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
    become=
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    become=sudo
else
    echo "Missing system packages that only root can install (going on without them): apt-get install$missing"
    exit 0
fi
echo "Installing system packages:$missing"
# shellcheck disable=SC2086 # a list of words
{ $become apt-get -q update &&
    $become env DEBIAN_FRONTEND=noninteractive apt-get -q install --yes --no-install-recommends $missing; } >"$log" 2>&1 && rm -f "$log" && exit 0
tail -n 5 "$log"
echo "apt-get failed ($log has all of it); going on without:$missing"
