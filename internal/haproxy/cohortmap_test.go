package haproxy

import (
	"regexp"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// An entry matches its cohort only, and can be read back. Go's expressions are
// the same as HAProxy's for all that stands in one.
func TestCohortEntries(t *testing.T) {
	block := func(lines ...string) string { return strings.Join(append(lines, "", ""), "\r\n") }
	for name, tc := range map[string]struct {
		cohort  target.Cohort
		in, out []string
	}{
		"header": {target.Cohort{Header: "X-Beta", Value: "1"},
			[]string{block("host: a", "x-beta: 1", "z: 2"), block("x-beta: 1"), block("x-beta: 2", "x-beta: 1")},
			[]string{block("x-beta: 10"), block("ax-beta: 1"), block("y: x-beta: 1"), block("x-beta: 01"), block()}},
		"specials": {target.Cohort{Header: "X.B", Value: `a;b*(c)\d "e"$`},
			[]string{block(`x.b: a;b*(c)\d "e"$`)}, []string{block(`xyb: a;b*(c)\d "e"$`), block(`x.b: a;bb(c)\d "e"$`)}},
		"cookie": {target.Cohort{Cookie: "b.a", Value: "x+y=z"},
			[]string{block("cookie: b.a=x+y=z"), block("cookie: q=1; b.a=x+y=z; r=2"), block("a: b", "cookie: q=1;b.a=x+y=z")},
			[]string{block("cookie: bXa=x+y=z"), block("cookie: qb.a=x+y=z"), block("x: q; b.a=x+y=z"), block("cookie: q=1", "x: ; b.a=x+y=z")}},
	} {
		t.Run(name, func(t *testing.T) {
			e := CohortEntry(tc.cohort, Green)
			if strings.ContainsAny(e.Key, " ;\t\r\n\"'#") {
				t.Errorf("%q cannot stand in a command", e.Key)
			}
			got, g, ok := e.Cohort()
			if !ok || g != Green || !got.Same(&tc.cohort) {
				t.Errorf("read back as %+v, %s, %t", got, g, ok)
			}
			re := regexp.MustCompile(e.Key)
			for _, in := range tc.in {
				if !re.MatchString(in) {
					t.Errorf("%q does not match %q", e.Key, in)
				}
			}
			for _, out := range tc.out {
				if re.MatchString(out) {
					t.Errorf("%q matches %q", e.Key, out)
				}
			}
		})
	}
	for _, e := range []Entry{{"x", "green"}, {CohortEntry(target.Cohort{Header: "A", Value: "1"}, Blue).Key, "red"}, {headerBegin + "a|b" + headerColon + "1" + headerEnd, "blue"}} {
		if c, _, ok := e.Cohort(); ok {
			t.Errorf("%q was read as %+v", e, c)
		}
	}
}

func TestParseMap(t *testing.T) {
	for text, want := range map[string]Map{
		"\n": {Loaded: true},
		"Unknown map identifier. Please use #<id> or <file>.\n\n": {},
		"0x5f a\\x20b green\n\n":                                  {Loaded: true, Entries: []Entry{{`a\x20b`, "green"}}},
	} {
		got := parseMap(text)
		if got.Loaded != want.Loaded || len(got.Entries) != len(want.Entries) || MapFile(got.Entries) != MapFile(want.Entries) {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}
