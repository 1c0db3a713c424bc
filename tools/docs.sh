#!/usr/bin/env bash
# Writes docs/ with tfplugindocs and tools/commands (generate), or fails when docs/ is not what
# generate would write (check).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mode=${1:-generate}
go=${GO:-go}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The pages that tfplugindocs and tools/commands own; docs/adr and docs/contract are written by hand.
owned=(index.md resources data-sources functions ephemeral-resources actions list-resources guides commands)

# The schema comes from the provider itself and not from a Terraform, so that
# the pages are the same whichever Terraform a machine has: older ones leave
# out identities.
"$go" run -buildvcs=false ./tools/schema >"$scratch/schema.json"

tfplugindocs() {
	bin/tfplugindocs "$@" >"$scratch/log" 2>&1 || {
		cat "$scratch/log" >&2
		return 1
	}
}

case $mode in
generate)
	tfplugindocs generate --provider-name sluice --rendered-provider-name Sluice \
		--providers-schema "$scratch/schema.json"
	rm -rf docs/commands
	"$go" run -buildvcs=false ./tools/commands docs/commands
	;;
check)
	tfplugindocs generate --provider-name sluice --rendered-provider-name Sluice \
		--providers-schema "$scratch/schema.json" --rendered-website-dir ".cache/docs"
	"$go" run -buildvcs=false ./tools/commands .cache/docs/commands
	failed=0
	for page in "${owned[@]}"; do
		if [ -e "docs/$page" ] || [ -e ".cache/docs/$page" ]; then
			diff -ruN "docs/$page" ".cache/docs/$page" || failed=1
		fi
	done
	rm -rf .cache/docs
	if [ $failed -ne 0 ]; then
		echo "docs: docs/ is not what the schema, the commands, templates/ and examples/ make: run \"make generate\" and commit" >&2
		exit 1
	fi
	tfplugindocs validate --provider-name sluice --providers-schema "$scratch/schema.json"
	echo "docs: docs/ is what generate writes, and what a registry takes"
	;;
*)
	echo "docs: unknown mode \"$mode\": generate or check is allowed" >&2
	exit 2
	;;
esac
