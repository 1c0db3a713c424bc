package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar/advice"
)

// traffic is two weeks of a service that sleeps from 01:00 to 06:00 UTC.
func traffic() string {
	var b strings.Builder
	b.WriteString("time,requests,errors\n")
	at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for range 14 * 24 {
		requests := 1000
		if at.Hour() >= 1 && at.Hour() < 6 {
			requests = 100
		}
		fmt.Fprintf(&b, "%s,%d,%d\n", at.Format(time.RFC3339), requests, requests/100)
		at = at.Add(time.Hour)
	}
	return b.String()
}

func TestWindowAdvise(t *testing.T) {
	w := newWorld(t)
	if err := os.WriteFile("traffic.csv", []byte(traffic()), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := []string{"window", "advise", "--csv", "traffic.csv", "--zone", "UTC", "--takes", "90m", "--share", "50", "--ceiling", "5"}
	text := w.expect(Done, whole...).out
	golden(t, "advise.txt", text)
	for line := range strings.Lines(text) {
		if len(line) > 81 {
			t.Errorf("too wide: %q", line)
		}
	}
	var got advice.Advice
	if err := json.Unmarshal([]byte(w.expect(Done, append(whole, "--json")...).out), &got); err != nil || len(got.Windows) != 1 || got.Windows[0].Weekly.RRule != "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU" {
		t.Errorf("%v, %+v", err, got.Windows)
	}
	// People who sleep at night have no quiet hour, and it says what there is instead.
	contains(t, w.expect(Done, append(whole, "--within", "mon-fri 08:00-18:00")...).out, "no hour inside of within is quiet", "the least busy, Monday 08:00, has 123 %")
	contains(t, w.expect(Done, append(whole, "--within", "sat-mon 22:00-04:00", "--min-length", "3h", "--windows", "1", "--quiet-share", "40")...).out, "BYDAY=MO,TU,SU", "01:00")

	strategy := `{"name":"careful","bake":"1h","canary":{"steps":[{"weight":10,"at_least":"1h"},{"weight":100}]},"analysis":{}}`
	if err := os.WriteFile("strategy.json", []byte(strategy), 0o600); err != nil {
		t.Fatal(err)
	}
	contains(t, w.expect(Done, "window", "advise", "--csv", "traffic.csv", "--zone", "UTC", "--strategy", "strategy.json").out, "a release of 2h")
}

func TestWindowAdviseRefuses(t *testing.T) {
	w := newWorld(t)
	for name, content := range map[string]string{
		"traffic.csv": traffic(), "short.csv": traffic()[:200], "bad.csv": "time,requests\nnow,1\n",
		"sudden.json": `{"name":"sudden","all_at_once":{},"bake":"0s","analysis":{}}`,
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := []string{"window", "advise", "--csv", "traffic.csv", "--zone", "UTC"}
	with := func(more ...string) []string { return append(append([]string{}, good...), more...) }
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing":              {[]string{"window", "advise"}, "--csv is missing"},
		"no zone":              {[]string{"window", "advise", "--csv", "traffic.csv"}, "--zone: is empty"},
		"no zone of the world": {[]string{"window", "advise", "--csv", "traffic.csv", "--zone", "Europe/Belin"}, `did you mean "Europe/Berlin"?`},
		"no file":              {[]string{"window", "advise", "--csv", "none.csv", "--zone", "UTC"}, "--csv none.csv cannot be read"},
		"too short":            {[]string{"window", "advise", "--csv", "short.csv", "--zone", "UTC"}, "--csv short.csv: "},
		"a bad line":           {[]string{"window", "advise", "--csv", "bad.csv", "--zone", "UTC"}, `--csv bad.csv: line 2: "now" is no time`},
		"standard input":       {[]string{"window", "advise", "--csv", "-", "--zone", "UTC"}, "--csv -: the file is empty"},
		"a time":               {with("--takes", "5"), "--takes: "},
		"a long time":          {with("--takes", "30h"), "--takes: a release of 30h fits in no window"},
		"a share":              {with("--takes", "1h", "--share", "120"), "--takes: a share of 1.2"},
		"a length":             {with("--min-length", "2"), "--min-length: "},
		"a day":                {with("--min-length", "25h"), "--min-length: 25h is not the length"},
		"no windows":           {with("--windows", "0"), "--windows is 0"},
		"no quiet":             {with("--quiet-share", "0"), "--quiet-share is 0"},
		"much quiet":           {with("--quiet-share", "200"), "--quiet-share: 2 is not a share"},
		"a ceiling":            {with("--ceiling", "100"), "--ceiling: 1 is not a ceiling"},
		"within":               {with("--within", "always"), `--within "always" is no time of the week`},
		"within of no days":    {with("--within", "mo-fr 08:00-18:00"), `--within "mo-fr 08:00-18:00" is no time of the week`},
		"within of a bad day":  {with("--within", "moon 08:00-18:00"), `--within: "moon" is no day of the week`},
		"within of a bad time": {with("--within", "mon 8-18"), "--within: "},
		"two releases":         {with("--takes", "1h", "--strategy", "x"), "--strategy and --takes cannot be given together"},
		"an unknown strategy":  {with("--strategy", "x"), "--strategy x is neither a file nor a strategy"},
		"no time":              {with("--strategy", "sudden.json"), "--strategy sudden.json plans no time"},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.expect(BadUsage, c.args...)
			contains(t, got.errors, c.want)
			if got.out != "" {
				t.Errorf("it prints %q", got.out)
			}
		})
	}
}
