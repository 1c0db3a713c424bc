package drift_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
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

func doc(d drift.Document) func(*drift.Check) {
	return func(c *drift.Check) { c.Documents = map[string]drift.Document{"doc": d} }
}

func accept(a drift.Acceptance) func(*drift.Check) {
	return func(c *drift.Check) { c.Mode, c.Accepted = drift.ModeAccept, []drift.Acceptance{a} }
}

func TestCheckValidate(t *testing.T) {
	unseen := drift.Unknown
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
		{"an unknown severity", func(c *drift.Check) { c.Severity = map[string]drift.Severity{"canary": "dire"} }, `severity["canary"]`, "low, medium or high"},
		{"a severity of no path", func(c *drift.Check) { c.Severity = map[string]drift.Severity{"a..b": "low"} }, "severity", "names joined by dots"},
		{"an unknown scope", func(c *drift.Check) { c.Blocks = "everything" }, "blocks", "nothing, release or environment"},
		{"a field that expects nothing", func(c *drift.Check) { c.Fields = map[string]drift.Expectation{"zone": {}} }, `fields["zone"]`, "exactly one of equals and sha256"},
		{"a field with a star", func(c *drift.Check) { c.Fields = map[string]drift.Expectation{"*": equals("1")} }, "fields", "names joined by dots"},
		{"a hash that is none", func(c *drift.Check) { c.Fields = map[string]drift.Expectation{"zone": {SHA256: "hunter2"}} }, `fields["zone"].sha256`, "64 hexadecimal digits"},
		{"a document nowhere", doc(drift.Document{SHA256: sum("")}), `documents["doc"]`, "exactly one of url and file"},
		{"a document in two places", doc(drift.Document{URL: "http://x", File: "x", SHA256: sum("")}), `documents["doc"]`, "exactly one of url and file"},
		{"a document of which nothing is declared", doc(drift.Document{File: "x"}), `documents["doc"].paths`, "nothing would be compared"},
		{"a password in a URL", doc(drift.Document{URL: "http://u:hunter2@x", SHA256: sum("")}), `documents["doc"].url`, "holds a user or password"},
		{"a URL of another kind", doc(drift.Document{URL: "file:///etc/passwd", SHA256: sum("")}), `documents["doc"].url`, "must be http or https"},
		{"a URL without a host", doc(drift.Document{URL: "http:///x", SHA256: sum("")}), `documents["doc"].url`, "names no host"},
		{"a token for a file", doc(drift.Document{File: "x", Token: &credential.Reference{Env: "X"}, SHA256: sum("")}), `documents["doc"].token`, "a file takes no token"},
		{"a token nowhere", doc(drift.Document{URL: "http://x", Token: &credential.Reference{}, SHA256: sum("")}), `documents["doc"].token`, "env, file and command"},
		{"a timeout of a day", doc(drift.Document{File: "x", Timeout: "24h", SHA256: sum("")}), `documents["doc"].timeout`, "from 100ms to 1m"},
		{"a document called like the target", func(c *drift.Check) { c.Documents = map[string]drift.Document{"canary": {File: "x", SHA256: sum("")}} }, "documents", "that of a part of the target"},
		{"a document with a dot", func(c *drift.Check) { c.Documents = map[string]drift.Document{"a.b": {File: "x", SHA256: sum("")}} }, "documents", "is not a name of a document"},
		{"nothing is accepted", func(c *drift.Check) { c.Mode = drift.ModeAccept }, "accepted", "nothing is"},
		{"accepted in another mode", func(c *drift.Check) {
			c.Accepted = []drift.Acceptance{{Path: "canary.weight", SHA256: sum(""), Reason: "r"}}
		}, "accepted", "in mode accept alone"},
		{"accepted without a reason", accept(drift.Acceptance{Path: "canary.weight", SHA256: sum("")}), "accepted[0].reason", "the reason is empty"},
		{"accepted without a value", accept(drift.Acceptance{Path: "canary.weight", Reason: "r"}), "accepted[0]", "exactly one of value and sha256"},
		{"the unknown is accepted", accept(drift.Acceptance{Path: "canary.weight", Value: &unseen, Reason: "r"}), "accepted[0].value", "nobody could see"},
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
