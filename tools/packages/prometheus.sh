#!/usr/bin/env bash
# Puts a real Prometheus on the PATH for the tests, from the system's packages,
# and prints where it is. Where there is one already nothing is done.
set -euo pipefail

if found=$(command -v prometheus); then
	printf '%s\n' "$found"
	exit 0
fi
if ! command -v apt-get >/dev/null; then
	printf 'prometheus: not found, and this system has no apt-get; install Prometheus 2.42 or newer and put it on the PATH\n' >&2
	exit 1
fi
as_admin=()
if [ "$(id -u)" -ne 0 ]; then
	as_admin=(sudo)
fi
{
	"${as_admin[@]}" apt-get update -qq
	"${as_admin[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus
	# The tests start their own; the package's would only take a port and memory.
	if command -v systemctl >/dev/null; then
		"${as_admin[@]}" systemctl disable --now prometheus || true
	fi
} >&2
command -v prometheus
