#!/usr/bin/env bash
# Reloads HAProxy without losing the weights. Sluice has written run/state after
# its last change, so there is nothing to save first. Where Sluice runs on another
# machine, save the state here:
#
#   echo "show servers state" | socat - UNIX-CONNECT:run/admin.sock >run/state
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
kill -USR2 "$(cat run/haproxy.pid)"
