#!/usr/bin/env bash
# Builds Terraform from its Go module, which needs nothing but the module proxy:
#
#   tools/terraform/build.sh VERSION INTO
#
# It is no release of Terraform's. Its module is not made to be built by others: each of
# the larger backends, and what only they use, is a module of its own that is replaced by
# a folder, and a folder with a go.mod is left out of what the proxy has. So they are
# left out here too, and what is built keeps its state in a file, over HTTP or in HCP
# Terraform.
set -euo pipefail

version=$1
into=$2
go=${GO:-go}

say() { printf 'terraform: %s\n' "$*" >&2; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

say "building Terraform $version from its Go module (some minutes, once)"
module=$(cd "$scratch" && "$go" mod download -json "github.com/hashicorp/terraform@v$version" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
if [ -z "$module" ]; then
	say "the module proxy has no Terraform $version; those that it has: $go list -m -versions github.com/hashicorp/terraform"
	exit 1
fi
cp -R "$module" "$scratch/source"
chmod -R u+w "$scratch/source"
cd "$scratch/source"

backends=internal/backend/init/init.go
apart='github\.com/hashicorp/terraform/internal/(backend/remote-state/|legacy)'
# The names that the imports of those backends have there, as one pattern.
names=$(sed -nE "s#^replace ($apart[a-z0-9-]*) .*#\1#p" go.mod | while read -r path; do
	sed -nE "s#^[[:space:]]*([A-Za-z0-9]+) \"$path\"\$#\1#p" "$backends"
done | paste -sd '|')
sed -E "\\#$apart#d" go.mod >go.mod.new
sed -E "/\\b($names)\\b/d" "$backends" >init.go.new
mv go.mod.new go.mod
mv init.go.new "$backends"

mkdir -p "$(dirname "$into")"
CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -mod=mod" "$go" build -trimpath \
	-ldflags "-s -w -X github.com/hashicorp/terraform/version.dev=no" -o "$into" .
