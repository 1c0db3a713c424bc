package serve

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
)

// TestAPathEndsWhereCoreCanFollowIt, and the text has the rest.
func TestAPathEndsWhereCoreCanFollowIt(t *testing.T) {
	root := tftypes.NewAttributePath().WithAttributeName
	web := root("security_groups").WithElementKeyString("web")
	for name, c := range map[string]struct {
		at             *tftypes.AttributePath
		detail         string
		shown, written string
	}{
		"none":                   {nil, "x", "", "x"},
		"an attribute":           {root("tag"), "x", "tag", "x"},
		"an element of a list":   {root("ignore").WithElementKeyInt(1), "x", "ignore[1]", "x"},
		"an element of a map":    {web, "x", `security_groups["web"]`, "x"},
		"a nested attribute":     {root("scan").WithAttributeName("max_age"), "x", "scan", "scan.max_age: x"},
		"below an element":       {web.WithAttributeName("aws").WithAttributeName("region"), "x", `security_groups["web"]`, `security_groups["web"].aws.region: x`},
		"deep, with a layout":    {web.WithAttributeName("ingress"), "  x\n  y", `security_groups["web"]`, "  security_groups[\"web\"].ingress:\n  x\n  y"},
		"a list below an object": {root("canary").WithAttributeName("steps").WithElementKeyInt(2).WithAttributeName("weight"), "x", "canary", "canary.steps[2].weight: x"},
	} {
		d := &tfprotov6.Diagnostic{Attribute: c.at, Detail: c.detail}
		followed([]*tfprotov6.Diagnostic{d, nil})
		shown := ""
		if d.Attribute != nil {
			shown = tfconv.PathText(d.Attribute.Steps())
		}
		if shown != c.shown || d.Detail != c.written {
			t.Errorf("%s: on %q: %q, want on %q: %q", name, shown, d.Detail, c.shown, c.written)
		}
	}
}
