package drift_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func sum(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

// assess looks at a release that serves what it should, and at one document.
func assess(t *testing.T, check drift.Check, content drift.Content) drift.Report {
	t.Helper()
	seen := drift.Seen{
		Observation: target.Observation{Known: true, Baseline: arm(payload("1.1.0", "a"), 100)},
		Documents:   map[string]drift.Content{"doc": content},
	}
	return drift.Assess(history(t, adopted()...), seen, check, now)
}

func one(paths map[string]drift.Expectation) drift.Check {
	return drift.Check{Documents: map[string]drift.Document{"doc": {File: "x", Paths: paths}}}
}

func TestDocumentPaths(t *testing.T) {
	hidden := func(text string) drift.Expectation { return drift.Expectation{SHA256: sum(text)} }
	cases := []struct {
		name, body, path string
		want             drift.Expectation
		kind             drift.Kind // empty for none
		observed         string
	}{
		{"a number", `{"a":{"b":1}}`, "a.b", equals("1"), "", ""},
		{"a number written otherwise", `{"a":1.0e0}`, "a", equals("1"), "", ""},
		{"a number as text", `{"a":"1"}`, "a", equals("1"), "", ""},
		{"great numbers are not rounded", `{"a":9007199254740993}`, "a", equals("9007199254740992"), drift.KindChanged, "9007199254740993"},
		{"a number without end", `{"a":1e999999999}`, "a", equals("1"), drift.KindChanged, "1e999999999"},
		{"true", `{"a":true}`, "a", equals("true"), "", ""},
		{"null", `{"a":null}`, "a", equals("null"), "", ""},
		{"null is not missing", `{"a":null}`, "a", equals("none"), drift.KindChanged, "null"},
		{"missing", `{"a":null}`, "b", equals("null"), drift.KindMissing, "none"},
		{"missing below a scalar", `{"a":1}`, "a.b", equals("1"), drift.KindMissing, "none"},
		{"a text that says none", `{"a":"none"}`, "a", equals("x"), drift.KindChanged, `"none"`},
		{"an element", `{"a":[5,6]}`, "a.1", equals("6"), "", ""},
		{"an element that is not there", `{"a":[5,6]}`, "a.2", equals("6"), drift.KindMissing, "none"},
		{"an index in other words", `{"a":[5,6]}`, "a.01", equals("6"), drift.KindMissing, "none"},
		{"an object in another order", `{"a":{"x":1,"y":2}}`, "a", equals(`{"y":2, "x":1}`), "", ""},
		{"another object", `{"a":{"x":1}}`, "a", equals(`{"x":2}`), drift.KindChanged, `{"x":1}`},
		{"a hash", `{"a":"s3cret"}`, "a", hidden("s3cret"), "", ""},
		{"another value than the hash says", `{"a":"s3cret"}`, "a", hidden("other"), drift.KindChanged, "another value, which is not shown"},
		{"a long value", `{"a":"` + strings.Repeat("x", 200) + `"}`, "a", equals("y"), drift.KindChanged, `"` + strings.Repeat("x", 119) + "..."},
		{"no JSON", `<html>`, "a", equals("1"), drift.KindUnknown, "unknown"},
		{"two documents", `{} {}`, "a", equals("1"), drift.KindUnknown, "unknown"},
		{"nothing", ``, "a", equals("1"), drift.KindUnknown, "unknown"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			report := assess(t, one(map[string]drift.Expectation{c.path: c.want}), drift.Content{Bytes: []byte(c.body)})
			if c.kind == "" {
				if report.Status != drift.StatusClean {
					t.Errorf("%+v", report)
				}
				return
			}
			if len(report.Differences) != 1 || report.Differences[0].Kind != c.kind || report.Differences[0].Observed != c.observed {
				t.Fatalf("%+v; want %s, observed %s", report.Differences, c.kind, c.observed)
			}
			raw, err := json.Marshal(report)
			if text := string(raw) + report.Markdown() + fmt.Sprintf("%v", report.Summary()); err != nil || strings.Contains(text, "s3cret") || strings.Contains(text, sum("s3cret")) {
				t.Errorf("the report shows the secret or its hash (%v): %s", err, text)
			}
		})
	}
}

func TestWhatCannotBeReadIsUnknownAndDriftElsewhereDoesNotHideIt(t *testing.T) {
	gone := drift.Content{Err: errors.New("connection refused")}
	check := one(map[string]drift.Expectation{"a": equals("1")})
	if r := assess(t, check, gone); r.Status != drift.StatusUnknown || r.Reason != "unable to read doc: connection refused" {
		t.Errorf("%+v", r)
	}
	// A reader that forgot one is no reason to call it clean.
	if r := drift.Assess(history(t, adopted()...), drift.Seen{Observation: target.Observation{Known: true, Baseline: arm(payload("1.1.0", "a"), 100)}}, check, now); r.Status != drift.StatusUnknown {
		t.Errorf("%+v", r)
	}
	check.Ignore = []drift.Ignore{{Path: "doc.a", Reason: "r", Expires: now.Add(time.Hour)}}
	if r := assess(t, check, gone); r.Status != drift.StatusUnknown {
		t.Errorf("an ignored path makes the whole document clean: %+v", r)
	}
	// The target is away, and the document has drifted: both are told.
	r := drift.Assess(history(t, adopted()...), drift.Seen{Err: errors.New("away"), Documents: map[string]drift.Content{"doc": {Bytes: []byte(`{"a":2}`)}}}, one(map[string]drift.Expectation{"a": equals("1")}), now)
	if r.Status != drift.StatusDrifted || len(r.Differences) != 2 || r.Differences[1].Kind != drift.KindUnknown || !strings.Contains(r.Differences[1].Note, "away") {
		t.Errorf("%+v", r)
	}
}

func TestTheWholeContentOfADocument(t *testing.T) {
	check := drift.Check{Documents: map[string]drift.Document{"doc": {File: "x", SHA256: "sha256:" + sum("on")}}}
	if r := assess(t, check, drift.Content{Bytes: []byte("on")}); r.Status != drift.StatusClean {
		t.Errorf("%+v", r)
	}
	if r := assess(t, check, drift.Content{Bytes: []byte("on\n")}); r.Status != drift.StatusDrifted {
		t.Errorf("%+v", r)
	}
}

func TestFieldsOfTheTarget(t *testing.T) {
	check := drift.Check{Fields: map[string]drift.Expectation{drift.PathReplicas: equals("3"), "zone": equals("a"), "gone": equals("x")}}
	baseline := arm(payload("1.1.0", "a"), 100)
	baseline.Replicas = 2
	obs := target.Observation{Known: true, Baseline: baseline, Reverted: true, RevertAfter: time.Second, Fields: map[string]any{"zone": "a"}}
	r := drift.Assess(history(t, adopted()...), drift.Seen{Observation: obs}, check, now)
	var got []string
	for _, f := range r.Differences {
		got = append(got, f.String())
	}
	want := []string{"reverted: expected false, observed true", "revert_after: expected none, observed armed",
		`baseline.replicas: expected 3, observed 2`, `gone: expected "x", observed unknown`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.Observed != "" || r.Repairs() {
		t.Errorf("no repair reaches any of this: %+v", r)
	}
}

// BenchmarkDocuments compares a thousand documents of ten declared paths each.
func BenchmarkDocuments(b *testing.B) {
	check := drift.Check{Documents: map[string]drift.Document{}}
	seen := drift.Seen{Observation: target.Observation{Known: true, Baseline: arm(payload("1.1.0", "a"), 100)}, Documents: map[string]drift.Content{}}
	paths, body := map[string]drift.Expectation{}, map[string]any{"rest": strings.Repeat("x", 4096)}
	for i := range 10 {
		paths[fmt.Sprint("k", i)], body[fmt.Sprint("k", i)] = equals(fmt.Sprint(i)), i
	}
	raw, err := json.Marshal(body)
	if err != nil {
		b.Fatal(err)
	}
	for i := range 1000 {
		name := fmt.Sprint("doc", i)
		check.Documents[name], seen.Documents[name] = drift.Document{File: "x", Paths: paths}, drift.Content{Bytes: raw}
	}
	h := history(b, adopted()...)
	for b.Loop() {
		if r := drift.Assess(h, seen, check, now); r.Status != drift.StatusClean {
			b.Fatalf("%s: %d", r.Status, len(r.Differences))
		}
	}
}
