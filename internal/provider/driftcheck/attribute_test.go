package driftcheck

import (
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
)

// TestADifferenceIsToldOnItsAttribute: as closely as one attribute can say it.
func TestADifferenceIsToldOnItsAttribute(t *testing.T) {
	t.Parallel()
	check := drift.Check{
		Fields:         map[string]drift.Expectation{"replicas": {}},
		Documents:      map[string]drift.Document{"settings": {URL: "https://config.example/x", Paths: map[string]drift.Expectation{"limits.max": {}, "limits.min": {}}}, "whole": {File: "/etc/x", SHA256: "00"}},
		SecurityGroups: map[string]drift.SecurityGroup{"web": {}, "db": {}},
		Resources:      map[string]drift.Resource{"orders": {Paths: map[string]drift.Expectation{"VisibilityTimeout": {}}}},
	}
	changed := func(path string) drift.Finding {
		return drift.Finding{Difference: drift.Difference{Path: path}, Kind: drift.KindChanged}
	}
	blind := func(path, at string) drift.Finding {
		return drift.Finding{Difference: drift.Difference{Path: path}, Kind: drift.KindUnknown, At: at}
	}
	for name, c := range map[string]struct {
		found []drift.Finding
		want  string
	}{
		"nobody could look":          {nil, "release"},
		"the target":                 {[]drift.Finding{changed("baseline.digest")}, "release"},
		"a field":                    {[]drift.Finding{changed("replicas")}, `fields["replicas"]`},
		"a path of a document":       {[]drift.Finding{changed("settings.limits.max")}, `documents["settings"].paths["limits.max"]`},
		"two paths of a document":    {[]drift.Finding{changed("settings.limits.max"), changed("settings.limits.min")}, `documents["settings"]`},
		"a document that is away":    {[]drift.Finding{blind("settings", "")}, `documents["settings"].url`},
		"a file that is away":        {[]drift.Finding{blind("whole", "")}, `documents["whole"].file`},
		"another content":            {[]drift.Finding{changed("whole")}, `documents["whole"].sha256`},
		"a rule":                     {[]drift.Finding{changed("web.ingress.tcp.22.0-0-0-0_0")}, `security_groups["web"].ingress`},
		"both directions":            {[]drift.Finding{changed("web.ingress.tcp.22"), changed("web.egress.all")}, `security_groups["web"]`},
		"two groups":                 {[]drift.Finding{changed("web.ingress.tcp.22"), changed("db.ingress.tcp.22")}, "security_groups"},
		"no credentials for a group": {[]drift.Finding{blind("web", "aws.profile")}, `security_groups["web"].aws.profile`},
		"a property":                 {[]drift.Finding{changed("orders.VisibilityTimeout")}, `resources["orders"].paths["VisibilityTimeout"]`},
		"a resource that is gone":    {[]drift.Finding{{Difference: drift.Difference{Path: "orders"}, Kind: drift.KindMissing, At: "identifier"}}, `resources["orders"].identifier`},
		"of several kinds":           {[]drift.Finding{changed("web.ingress.tcp.22"), changed("settings.limits.max")}, "release"},
		"the target, and a document": {[]drift.Finding{changed("baseline.digest"), changed("settings.limits.max")}, "release"},
	} {
		if got := attributeOf(check, drift.Report{Differences: c.found}).String(); got != c.want {
			t.Errorf("%s: on %s, want on %s", name, got, c.want)
		}
	}
	if outside(check, changed("replicas")) || outside(check, changed("baseline.digest")) || !outside(check, changed("web.egress.all")) {
		t.Error("what is of the target is taken for something outside, or the other way round")
	}
}
