#!/usr/bin/env bash
# Finds a Terraform or OpenTofu that can run the acceptance tests and prints its
# path on standard output. Everything else goes to standard error.
#
# In this order: SLUICE_TERRAFORM, terraform and tofu on the PATH, what an earlier
# run left in bin/, a release of Terraform through hc-install, and at last
# OpenTofu built from its Go module, which needs nothing but the module proxy.
#
# With "tofu" as the only argument, Terraform is passed over. With "next" it is a
# Terraform that has lists and actions, which is above the floor: where no release of
# it can be had, it is built from its own module into bin/next.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
terraform_version=1.11.4
floor_major=1
floor_minor=11
only=${1:-any}
go=${GO:-go}
kept=$root/bin
wanted="Terraform or OpenTofu"
if [ "$only" = next ]; then
	terraform_version=1.14.9
	floor_minor=14
	kept=$root/bin/next
	wanted=Terraform
fi

say() { printf 'terraform: %s\n' "$*" >&2; }

# usable PATH: true when the command answers with a version at or above the floor.
usable() {
	local line version major minor
	# All of the output and not "head": a closed pipe would kill the command.
	line=$(CHECKPOINT_DISABLE=1 "$1" version 2>/dev/null) || return 1
	line=${line%%$'\n'*}
	version=${line##* v}
	major=${version%%.*}
	minor=${version#*.}
	minor=${minor%%.*}
	case $major$minor in
	"" | *[!0-9]*) return 1 ;;
	esac
	case $only:$line in
	tofu:OpenTofu* | any:*) ;;
	next:OpenTofu* | tofu:*) return 1 ;;
	esac
	if [ "$major" -lt $floor_major ] || { [ "$major" -eq $floor_major ] && [ "$minor" -lt $floor_minor ]; }; then
		say "$1 is version $version, below $floor_major.$floor_minor: looking further"
		return 1
	fi
}

try() {
	if [ -n "$1" ] && [ -x "$1" ] && usable "$1"; then
		printf '%s\n' "$1"
		exit 0
	fi
}

if [ -n "${SLUICE_TERRAFORM:-}" ]; then
	chosen=$(command -v "$SLUICE_TERRAFORM" || true)
	try "$chosen"
	if [ "$only" != tofu ]; then
		say "SLUICE_TERRAFORM is \"$SLUICE_TERRAFORM\", which is not an executable of $wanted $floor_major.$floor_minor or newer"
		say "set it to one, e.g. SLUICE_TERRAFORM=terraform, or unset it to have one found or built"
		exit 1
	fi
fi

try "$(command -v terraform || true)"
try "$(command -v tofu || true)"
try "$kept/terraform"
if [ "$only" != next ]; then
	try "$root/bin/tofu"
fi

if [ "$only" != tofu ]; then
	say "none on the PATH: asking hc-install for Terraform $terraform_version"
	mkdir -p "$kept"
	(cd "$root/tools/hc-install" && CGO_ENABLED=0 "$go" build -trimpath -o "$root/bin/hc-install" github.com/hashicorp/hc-install/cmd/hc-install)
	if "$root/bin/hc-install" install -version "$terraform_version" -path "$kept" terraform >&2; then
		try "$kept/terraform"
	fi
	say "hc-install could not bring one: this network reaches no release server"
fi

started=$SECONDS
if [ "$only" = next ]; then
	"$root/tools/terraform/build.sh" "$terraform_version" "$kept/terraform"
	say "built Terraform $terraform_version in $((SECONDS - started)) s"
	try "$kept/terraform"
	say "bin/next/terraform was built but does not answer \"version\": remove it and try again"
	exit 1
fi

say "building OpenTofu from its Go module into bin/tofu (some minutes, once)"
version=$(cd "$root/tools/tofu" && "$go" list -m -f '{{.Version}}' github.com/opentofu/opentofu)
(cd "$root/tools/tofu" && CGO_ENABLED=0 "$go" build -trimpath \
	-ldflags "-s -w -X github.com/opentofu/opentofu/version.dev=no" \
	-o "$root/bin/tofu" github.com/opentofu/opentofu/cmd/tofu)
say "built OpenTofu $version in $((SECONDS - started)) s"
try "$root/bin/tofu"
say "bin/tofu was built but does not answer \"version\": remove it and try again"
exit 1
