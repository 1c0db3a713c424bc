#!/usr/bin/env bash
# Checks that every folder of examples/ is formatted and valid against the
# provider in bin/. It needs no registry: the provider stands in a filesystem
# mirror made for the occasion.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cli=$(tools/terraform/get.sh)
scratch=$(mktemp -d)
started=()
trap 'kill "${started[@]}" 2>/dev/null || true; rm -rf "$scratch"' EXIT

platform=$("${GO:-go}" env GOOS)_$("${GO:-go}" env GOARCH)
for host in registry.terraform.io registry.opentofu.org; do
	place=$scratch/mirror/$host/sluice/sluice/0.0.1/$platform
	mkdir -p "$place"
	cp bin/terraform-provider-sluice "$place/terraform-provider-sluice_v0.0.1"
done
# What else an example needs comes from the machine's mirror, where there is one.
cat >"$scratch/cli.tfrc" <<TFRC
disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path    = "$scratch/mirror"
    include = ["registry.terraform.io/sluice/sluice", "registry.opentofu.org/sluice/sluice"]
  }
$(if [ -n "${SLUICE_TF_MIRROR:-}" ]; then
	printf '  filesystem_mirror {\n    path    = "%s"\n    exclude = ["registry.terraform.io/sluice/sluice", "registry.opentofu.org/sluice/sluice"]\n  }\n' "$SLUICE_TF_MIRROR"
else
	printf '  direct {\n    exclude = ["registry.terraform.io/sluice/sluice", "registry.opentofu.org/sluice/sluice"]\n  }\n'
fi)
}
TFRC
export TF_CLI_CONFIG_FILE=$scratch/cli.tfrc TF_IN_AUTOMATION=1

"$cli" fmt -check -recursive -diff examples

host=registry.terraform.io
case $("$cli" version) in
OpenTofu*) host=registry.opentofu.org ;;
esac
attached=

# attach SOURCE PROVIDER: the provider runs until the end, and validations ask that one.
# To start one anew for each example was most of the work.
attach() {
	local said=$scratch/attached.$((${#started[@]} + 1)) where=
	TF_LOG_SDK=off TF_LOG_PROVIDER=off TF_LOG_PROVIDER_SLUICE=off "$2" -debug >"$said" 2>"$said.log" &
	started+=($!)
	for _ in $(seq 600); do
		where=$(sed -n "s/^.*TF_REATTACH_PROVIDERS='{\"[^\"]*\":\(.*\)}'.*$/\1/p" "$said")
		if [ -n "$where" ] || ! kill -0 $! 2>/dev/null; then break; fi
		sleep 0.1
	done
	if [ -z "$where" ]; then
		cat "$said" "$said.log" >&2
		echo "examples: $2 does not say where it serves" >&2
		exit 1
	fi
	attached=${attached:+$attached,}\"$host/$1\":$where
}

aws=$(find "${SLUICE_TF_MIRROR:-/nonexistent}/registry.terraform.io/hashicorp/aws" -name 'terraform-provider-aws_*' ! -name '*.zip' 2>/dev/null | sort -V | tail -n 1 || true)
if [ -n "$aws" ]; then attach hashicorp/aws "$aws"; fi
others=$attached
attach sluice/sluice bin/terraform-provider-sluice

checked=0

# check NAME FILES...: the files, alone in a folder, are a valid configuration.
check() {
	local name=$1 work=$scratch/work/$checked
	shift
	mkdir -p "$work"
	cp -R "$@" "$work"
	rm -rf "$work/.terraform" "$work/.terraform.lock.hcl"
	if ! grep -qs 'required_providers' "$work"/*.tf; then
		printf 'terraform {\n  required_providers {\n    sluice = { source = "sluice/sluice" }\n  }\n}\n' >"$work/zz_required_providers.tf"
	fi
	# What an example reads is looked for where the provider runs, so it is started there.
	local asked=$attached
	if [ -n "$(find "$work" -type f ! -name '*.tf' ! -name '*.tfvars' ! -name '*.md')" ]; then asked=$others; fi
	if ! { "$cli" -chdir="$work" init -backend=false -input=false -no-color &&
		TF_REATTACH_PROVIDERS="{$asked}" "$cli" -chdir="$work" validate -no-color; } >"$scratch/log" 2>&1; then
		cat "$scratch/log" >&2
		echo "examples: $name is not valid, as said above" >&2
		exit 1
	fi
	checked=$((checked + 1))
}

# Identity in an import block needs Terraform 1.12; older ones cannot parse it.
knows_identity() {
	case $("$cli" version) in
	"Terraform v1.11."* | "OpenTofu v1.11."*) return 1 ;;
	esac
}

# The snippets of the documentation: each file stands on its own, but for an
# import, which needs the resource beside it, and for data.
while read -r file; do
	case $file in
	*/import-by-identity.tf)
		if knows_identity; then check "$file" "$file" "${file%/*}/resource.tf"; fi
		;;
	*/import*.tf) check "$file" "$file" "${file%/*}/resource.tf" ;;
	*)
		# What it reads, such as a traffic.csv, stands beside it.
		mapfile -t beside < <(find "${file%/*}" -maxdepth 1 -type f ! -name '*.tf' ! -name '*.sh')
		check "$file" "$file" "${beside[@]}"
		;;
	esac
done < <(find examples/{provider,resources,data-sources,functions,ephemeral-resources} -name '*.tf' 2>/dev/null | sort)

# Actions and lists need Terraform 1.14: TestEachExampleOfAnActionOrAListIsValid tries
# theirs at the protocol, whichever Terraform is at hand, and make test-next with one
# that has them.

# The others are whole configurations.
while read -r folder; do
	check "$folder" "$folder/."
done < <(find examples -name '*.tf' -not -path '*/.terraform/*' -exec dirname {} \; | sort -u |
	grep -vE '^examples/(provider|resources|data-sources|functions|ephemeral-resources|actions)(/|$)')

if [ $checked -eq 0 ]; then
	echo "examples: there is none to check, which cannot be right" >&2
	exit 1
fi
echo "examples: $checked are formatted and valid"
