#!/usr/bin/env bash
# Puts programs that the tests start on the PATH, from the system's packages of
# the same name, and prints where they are. What is there already is left alone.
#
#   tools/packages/get.sh haproxy prometheus postgresql sqlite3 python3 moto_server
#
# moto_server, which the tests of S3 start, is no system's package. It comes from
# PyPI, for the python3 that is on the PATH.
set -euo pipefail
# Debian keeps servers out of the PATH of users.
PATH=$PATH:/usr/sbin:/usr/local/sbin

# where prints the program that a package is wanted for. That of PostgreSQL is never
# on the PATH, since several versions may stand side by side.
where() {
	if [ "$1" = postgresql ]; then
		compgen -G '/usr/lib/postgresql/*/bin/initdb' || command -v initdb
	else
		command -v "$1"
	fi
}

readonly moto='moto[server]==5.2.1'

missing=()
for program in "$@"; do
	where "$program" >/dev/null || missing+=("$program")
done
pip=()
for i in "${!missing[@]}"; do
	if [ "${missing[i]}" = moto_server ]; then
		pip=("$moto")
		unset 'missing[i]'
	fi
done
if [ ${#missing[@]} -gt 0 ]; then
	if ! command -v apt-get >/dev/null; then
		printf 'packages: %s not found, and this system has no apt-get; install what is missing and put it on the PATH\n' "${missing[*]}" >&2
		exit 1
	fi
	as_admin=()
	if [ "$(id -u)" -ne 0 ]; then
		as_admin=(sudo)
	fi
	{
		"${as_admin[@]}" apt-get update -qq
		"${as_admin[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
		# The tests start their own; the package's would only take a port and memory.
		if command -v systemctl >/dev/null; then
			for program in "${missing[@]}"; do
				"${as_admin[@]}" systemctl disable --now "$program" 2>/dev/null || true
			done
		fi
	} >&2
fi
if [ ${#pip[@]} -gt 0 ]; then
	if ! python3 -m pip --version >/dev/null 2>&1; then
		printf 'packages: moto_server not found, and this python3 has no pip; install python3-pip, or put moto_server on the PATH\n' >&2
		exit 1
	fi
	# A newer pip wants to hear that the system's own packages are not in the way.
	PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --quiet "${pip[@]}" >&2
fi
for program in "$@"; do
	where "$program"
done
