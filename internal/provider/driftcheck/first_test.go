package driftcheck

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
)

// TestANewCheckSaysWhatItWatches, by names, and nothing where that is what serves alone.
func TestANewCheckSaysWhatItWatches(t *testing.T) {
	t.Parallel()
	of := func(names ...string) types.Map {
		values := map[string]attr.Value{}
		for _, name := range names {
			values[name] = types.StringValue(name)
		}
		return types.MapValueMust(types.StringType, values)
	}
	none := types.MapNull(types.StringType)
	m := model{Fields: none, Documents: of("settings"), Groups: of("web", "db"), Resources: types.MapUnknown(types.StringType), Images: none}
	if got := strings.Join(m.watched(), "; "); got != "the document settings; the security groups db, web; resources" {
		t.Errorf("it watches %q", got)
	}
	if got := (model{Fields: none, Documents: none, Groups: none, Resources: none, Images: none}).watched(); len(got) > 0 {
		t.Errorf("a check of what serves alone watches %q besides", got)
	}
	for line := range strings.Lines(told(m.watched(), "All of it that lies outside of the target was read now, and is as declared.")) {
		if !strings.HasPrefix(line, "  ") || len(line) > 79 {
			t.Errorf("Terraform would wrap %q", line)
		}
	}
	if got := name(types.StringUnknown()); got != "a release" {
		t.Errorf("an unknown release is %q", got)
	}
	grave := drift.Report{Status: drift.StatusDrifted, Severity: drift.SeverityHigh}
	if !strings.Contains(then(grave), "each plan fails") || strings.Contains(then(drift.Report{Status: drift.StatusDrifted}), "fails") {
		t.Errorf("what follows: %q", then(grave))
	}
}
