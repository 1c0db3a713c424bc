package contract_test

import "github.com/sluice/terraform-provider-sluice/internal/artifact"

// exists says that only these artifacts are there.
func exists(known ...artifact.Payload) func(artifact.Payload) bool {
	return func(p artifact.Payload) bool {
		for _, k := range known {
			if k.Digest() == p.Digest() {
				return true
			}
		}
		return false
	}
}
