package drift_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func check() drift.Check {
	return drift.Check{
		Name: "checkout", Release: key, Mode: drift.ModeRemediate,
		Ignore: []drift.Ignore{{Path: "canary.weight", Reason: "incident 7", Expires: now}},
	}
}

func TestCheckRoundTrip(t *testing.T) {
	raw, err := json.Marshal(check())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"name":"checkout","release":{"service":"checkout","environment":"production"},"mode":"remediate",` +
		`"ignore":[{"path":"canary.weight","reason":"incident 7","expires":"2026-11-27T14:03:00Z"}]}`
	if diff := cmp.Diff(want, string(raw)); diff != "" {
		t.Errorf("the JSON (-want +got):\n%s", diff)
	}
	got, err := drift.Decode(raw)
	if diff := cmp.Diff(check(), got); diff != "" || err != nil {
		t.Errorf("read back (-want +got), %v:\n%s", err, diff)
	}
}

func TestCheckValidate(t *testing.T) {
	cases := []struct {
		name   string
		change func(*drift.Check)
		path   string
		want   string
	}{
		{"no name", func(c *drift.Check) { c.Name = "" }, "name", "the name is empty"},
		{"no service", func(c *drift.Check) { c.Release.Service = "" }, "release.service", "the name is empty"},
		{"a slash in the environment", func(c *drift.Check) { c.Release.Environment = "a/b" }, "release.environment", "slash"},
		{"an unknown mode", func(c *drift.Check) { c.Mode = "repair" }, "mode", "report, fail, remediate or accept"},
		{"a path with a star", func(c *drift.Check) { c.Ignore[0].Path = "canary.*" }, "ignore[0].path", "names joined by dots"},
		{"no path", func(c *drift.Check) { c.Ignore[0].Path = "" }, "ignore[0].path", "names joined by dots"},
		{"no reason", func(c *drift.Check) { c.Ignore[0].Reason = " " }, "ignore[0].reason", "the reason is empty"},
		{"no end", func(c *drift.Check) { c.Ignore[0].Expires = time.Time{} }, "ignore[0].expires", "nothing is ignored for ever"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bad := check()
			c.change(&bad)
			errs := bad.Validate()
			if len(errs) != 1 || errs[0].Path != c.path || !strings.Contains(errs[0].Msg, c.want) || !strings.Contains(errs[0].Msg, "for example") {
				t.Fatalf("the errors are %+v; want one at %s with %q and an example", errs, c.path, c.want)
			}
			raw, err := json.Marshal(bad)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := drift.Decode(raw); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("read from the ledger it gives %v", err)
			}
		})
	}
	if errs := check().Validate(); len(errs) > 0 {
		t.Errorf("a good check gives %v", errs)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"a field of a newer version": `{"name":"x","release":{"service":"a","environment":"b"},"only":"reads"}`,
		"two of them":                `{"name":"x","release":{"service":"a","environment":"b"}} {}`,
		"something else":             `[]`,
		"nothing":                    ``,
	} {
		if c, err := drift.Decode([]byte(text)); err == nil {
			t.Errorf("%s reads as %+v", name, c)
		}
	}
}

// Whoever does not say wants to be told, and no hand on the target.
func TestEffectiveMode(t *testing.T) {
	for mode, want := range map[drift.Mode]drift.Mode{"": drift.ModeReport, drift.ModeFail: drift.ModeFail, drift.ModeRemediate: drift.ModeRemediate} {
		if got := (drift.Check{Name: "x", Release: release.Key{}, Mode: mode}).EffectiveMode(); got != want {
			t.Errorf("the mode %q is %q, want %q", mode, got, want)
		}
	}
}
