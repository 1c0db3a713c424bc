package acctest

import (
	"regexp"
	"strings"
	"testing"
)

func TestATestRunsWhereItsTerraformIs(t *testing.T) {
	for _, c := range []struct{ env, runs, rests string }{
		{"", "TestUnit", "TestAccThis TestNextThat"},
		{"TF_ACC", "TestUnit TestAccThis", "TestNextThat"},
		{"TF_ACC SLUICE_ACC_NEXT", "TestUnit TestAccThis TestNextThat", ""},
	} {
		pattern := without(func(name string) string {
			if strings.Contains(" "+c.env+" ", " "+name+" ") {
				return "1"
			}
			return ""
		})
		rests := func(name string) bool { return pattern != "" && regexp.MustCompile(pattern).MatchString(name) }
		for name := range strings.FieldsSeq(c.runs) {
			if rests(name) {
				t.Errorf("with %q, %s does not run", c.env, name)
			}
		}
		for name := range strings.FieldsSeq(c.rests) {
			if !rests(name) {
				t.Errorf("with %q, %s runs", c.env, name)
			}
		}
	}
}

func TestWhatActionsSayIsRead(t *testing.T) {
	got := Told(Result{Output: `{"type":"action_start","hook":{}}
{"type":"action_progress","hook":{"message":"all traffic is back on 1.0.0"}}
{"type":"action_complete","hook":{}}
`})
	if len(got) != 1 || got[0] != "all traffic is back on 1.0.0" {
		t.Errorf("%q", got)
	}
}

func TestLinesOfAPageDifferInNumbersAlone(t *testing.T) {
	for _, c := range []struct {
		shown, seen string
		same        bool
	}{
		{"checkout/production 50 %, step 2 of 3: 1s of 5s, looked; next look in 1s", "checkout/production 20 %, step 1 of 2: 400ms of 4s, looked; next look in 100ms", true},
		{"list.a   name=x   x, revision 1 by kim@acme, 2026-11-26 17:42Z", "list.a name=x   x, revision 3 by tester, 1970-01-01 00:00Z", true},
		{"rollout 4 is aborted", "rollout 4 is aborting", false},
	} {
		if same := alike(c.shown) == alike(c.seen); same != c.same {
			t.Errorf("%q and %q: %t\n%s\n%s", c.shown, c.seen, same, alike(c.shown), alike(c.seen))
		}
	}
}
