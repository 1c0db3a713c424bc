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
