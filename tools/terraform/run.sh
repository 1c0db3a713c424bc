#!/usr/bin/env bash
# Runs a command with the environment of the acceptance tests:
#
#   tools/terraform/run.sh any|tofu|next COMMAND ARGS...
#
# "any" takes the first Terraform or OpenTofu that get.sh finds, "tofu" only the latter,
# and "next" only a Terraform that has lists and actions.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cli=$("$here/get.sh" "$1")
shift

export TF_ACC=1
export TF_ACC_TERRAFORM_PATH=$cli
export SLUICE_TERRAFORM=$cli
export CHECKPOINT_DISABLE=1
# The tests offer the provider as sluice/sluice, whether a configuration says its
# source or leaves that to the test framework.
export TF_ACC_PROVIDER_NAMESPACE=sluice

version=$("$cli" version)
version=${version%%$'\n'*}

# OpenTofu takes a source without a host to be on its own registry, and the test
# framework must offer the provider under that address.
if [ "${version#OpenTofu}" != "$version" ]; then
	export TF_ACC_PROVIDER_HOST=registry.opentofu.org
fi

# What the tests of lists and actions need. They run with each Terraform that has them.
case $version in
"Terraform v1.11."* | "Terraform v1.12."* | "Terraform v1.13."*) ;;
Terraform*) export SLUICE_ACC_NEXT=1 ;;
esac

printf 'acceptance: with %s\n' "$version" >&2
exec "$@"
