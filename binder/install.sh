#!/bin/sh
# Installs the pinned Python packages into .venv and counts them while it does; on failure it shows the end of pip's own log.
here=$(dirname "$0")
log=$here/pip.log
total=$(grep -c '^[A-Za-z0-9]' "$here/../requirements.lock")
show='/^Collecting/ { n++; printf "\r  %d of %d packages", n, total; fflush() }
      /^Installing collected/ { printf "\r  unpacking %d packages    ", n; fflush() }
      END { if (n) print "" }'
{ .venv/bin/python -m pip install --disable-pip-version-check --progress-bar off --require-hashes -r requirements.lock 2>&1 ||
    echo "pip failed"; } | tee "$log" | awk -v total="$total" "$show"
if tail -n 1 "$log" | grep -q '^pip failed$'; then
    tail -n 6 "$log" | head -n 5
    echo "Installing the Python packages failed ($log has all of it). With a network, run make again: what was downloaded is kept."
    exit 1
fi
rm -f "$log"
