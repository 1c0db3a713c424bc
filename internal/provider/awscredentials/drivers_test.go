package awscredentials

import (
	"maps"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"

	targets "github.com/sluice/terraform-provider-sluice/internal/target/all"
)

// A driver that says what it needs can be named, and no other.
func TestEachDriverWithAGrantHasAnAttribute(t *testing.T) {
	grants, attributes := slices.Sorted(maps.Keys(targets.Grants())), slices.Sorted(maps.Keys(drivers()))
	if !slices.Equal(grants, attributes) {
		t.Errorf("the drivers %q say what they need, and the attributes are %q", grants, attributes)
	}
	for name, a := range drivers() {
		if nested, ok := a.(schema.SingleNestedAttribute); !ok || !nested.Optional || len(nested.Attributes) == 0 {
			t.Errorf("%s is no optional block", name)
		}
	}
}
