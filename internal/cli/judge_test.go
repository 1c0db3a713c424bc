package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// counts writes n ticks in which the canary has bad bad events of 100, and the
// baseline 1 of 1000.
func counts(n, bad int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"t": %d, "metric": "errors", "bad_canary": %d, "total_canary": 100, "bad_baseline": 1, "total_baseline": 1000}`+"\n", 10*(i+1), bad)
	}
	return b.String()
}

// verdicts reads what judge wrote.
func verdicts(t *testing.T, out string) []judge.ReplayLine {
	t.Helper()
	var list []judge.ReplayLine
	for line := range strings.Lines(out) {
		var l judge.ReplayLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		list = append(list, l)
	}
	return list
}

func TestJudge(t *testing.T) {
	w := newWorld(t)
	tests := map[string]struct {
		stdin string
		args  []string
		want  judge.Kind
	}{
		"harm":                        {counts(6, 20), nil, judge.Harm},
		"safe":                        {counts(30, 0), nil, judge.Safe},
		"little":                      {counts(1, 0), nil, judge.Inconclusive},
		"harm of a metric that is":    {counts(6, 20), []string{"--critical", "errors"}, judge.Harm},
		"a difference that is no":     {counts(6, 20), []string{"--min-abs", "0.5"}, judge.Inconclusive},
		"a margin of ten times":       {counts(3, 3), []string{"--margin", "10", "--dispersion", "1"}, judge.Inconclusive},
		"little noise":                {counts(12, 2), []string{"--dispersion", "1"}, judge.Harm},
		"much noise":                  {counts(12, 2), []string{"--dispersion", "50"}, judge.Inconclusive},
		"a stricter chance of harm":   {counts(3, 3), []string{"--dispersion", "1", "--alpha-harm", "1e-9"}, judge.Inconclusive},
		"a ceiling that it is below":  {counts(10, 0), []string{"--ceiling", "0.02"}, judge.Safe},
		"a ceiling out of its reach":  {counts(10, 0), []string{"--ceiling", "1e-6"}, judge.Inconclusive},
		"a safe that needs more":      {counts(10, 0), []string{"--ceiling", "0.02", "--alpha-safe", "1e-9"}, judge.Inconclusive},
		"a metric that proves harm":   {counts(6, 20), []string{"--critical", "errors", "--metric", "slow"}, judge.Harm},
		"a weight that is not so":     {counts(6, 0), []string{"--weight", "60"}, judge.Inconclusive},
		"the strategy's":              {counts(20, 20), []string{"--strategy", "s.json"}, judge.Harm},
		"a flag over the strategy's":  {counts(12, 2), []string{"--strategy", "s.json", "--dispersion", "1"}, judge.Harm},
		"the strategy's dispersion":   {counts(12, 2), []string{"--strategy", "s.json"}, judge.Inconclusive},
		"a ratio that safe rules out": {counts(30, 0), []string{"--safe-ratio", "100", "--safe-ratio-late", "100", "--ceiling", "1e-9"}, judge.Safe},
	}
	def := strategy.Definition{Name: "careful", AllAtOnce: &strategy.AllAtOnce{}}
	def.Analysis.Metrics = map[string]strategy.Metric{"errors": {Critical: true, Dispersion: 50}}
	raw, err := json.Marshal(def)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("s.json", raw, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := w.runWith(test.stdin, append([]string{"judge"}, test.args...)...)
			if r.code != Done {
				t.Fatal(r.code, r.errors)
			}
			list := verdicts(t, r.out)
			if len(list) != strings.Count(test.stdin, "\n") {
				t.Errorf("%d verdicts", len(list))
			}
			if last := list[len(list)-1]; last.Kind != test.want {
				t.Errorf("%s (evidence %g), want %s", last.Kind, last.Evidence, test.want)
			}
			if again := w.runWith(test.stdin, append([]string{"judge"}, test.args...)...); again.out != r.out {
				t.Error("the same input gave other bytes")
			}
		})
	}
}

func TestJudgeByAStrategyOfTheLedger(t *testing.T) {
	w := newWorld(t)
	_, err := ledger.PutObject(context.Background(), w.open(), ledger.Put{
		Kind: kindStrategy, Name: "careful", Actor: "ci@acme", At: start,
		Content: json.RawMessage(`{"name":"careful","all_at_once":{},"analysis":{"metrics":{"errors":{"critical":true,"dispersion":50}},"alpha_harm":0.5}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	r := w.runWith(counts(6, 20), "judge", "--strategy", "careful")
	list := verdicts(t, r.out)
	if len(list) == 0 || list[0].HarmAt != 2 || list[0].Metrics[0].Dispersion != 50 {
		t.Errorf("the strategy's alpha_harm and dispersion do not hold: %s%s", r.out, r.errors)
	}
	r = w.runWith(counts(1, 0)+`{"t": 20, "metric": "slow", "bad_canary": 0, "total_canary": 1, "bad_baseline": 0, "total_baseline": 1}`, "judge", "--strategy", "careful")
	if r.code != BadUsage || len(verdicts(t, r.out)) != 0 && r.errors == "" {
		t.Error(r)
	}
	contains(t, r.errors, `line 2: `, `metric is "slow"`)
}

func TestWeightIsOfLinesThatDoNotSay(t *testing.T) {
	w := newWorld(t)
	line := strings.TrimSpace(counts(1, 0))
	given := strings.Replace(line, "{", `{"weight": 5, `, 1)
	for input, want := range map[string]float64{line: 9, given: 5} {
		r := w.runWith(input, "judge", "--weight", "9")
		if list := verdicts(t, r.out); len(list) != 1 || list[0].Weight != want {
			t.Errorf("%s gives %s%s, want the weight %g", input, r.out, r.errors, want)
		}
	}
	for _, input := range []string{"{}", "{ }", "nonsense", "[1]", line + "\n{"} {
		r := w.runWith(input, "judge", "--weight", "9", "--critical", "errors")
		if r.code != BadUsage {
			t.Errorf("%s was taken: %s", input, r.out)
		}
		contains(t, r.errors, "for example "+judgeExample)
	}
}

// TestJudgeNamesTheFlag holds messages to what was typed.
func TestJudgeNamesTheFlag(t *testing.T) {
	w := newWorld(t)
	if err := os.WriteFile("s.json", []byte(`{"name":"careful","all_at_once":{},"analysis":{"metrics":{"errors":{"critical":true,"ceiling":7}}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--alpha-harm", "0"}, "Error: --alpha-harm is 0; allowed is a number from 1e-09 to 0.5, for example 0.01\n"},
		{[]string{"--min-abs", "nan"}, "Error: --min-abs is NaN; allowed is a number from 0 to 1, for example 0.001\n"},
		{[]string{"--critical", "errors", "--metric", "slow", "--dispersion", "0.5"}, "Error: --dispersion is 0.5; allowed is a number from 1 to 1e+06, for example 1.4, or 0 for unknown\n"},
		{[]string{"--critical", ""}, `Error: --critical is empty; allowed is any other name, for example "errors"` + "\n"},
		{[]string{"--critical", "errors", "--metric", ""}, `Error: --metric is empty; allowed is any other name, for example "errors"` + "\n"},
		{[]string{"--metric", "slow"}, "Error: --metric is given without --critical, so that no step could ever be proved safe; name at least one metric that must be, for example --critical errors\n"},
		{[]string{"--weight", "nan"}, "Error: --weight is NaN; allowed is a number from 0 to 100, for example 5\n"},
		{[]string{"--strategy", "s.json"}, "Error: --strategy s.json: metrics[0].ceiling is 7; allowed is a number from 1e-12 to 1, for example 0.01\n"},
		{[]string{"--strategy", "s.json", "--ceiling", "8"}, "Error: --ceiling is 8; allowed is a number from 1e-12 to 1, for example 0.01\n"},
		{[]string{"backtest", "-", "--window", "0s"}, "Error: --window is 0 s; allowed is 1s to 1000000000s, for example 3600s\n"},
		{[]string{"backtest", "-", "--rollouts", "0"}, "Error: --rollouts is 0; allowed is a number from 1 to 100000, for example 200\n"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			r := w.runWith(counts(1, 0), append([]string{"judge"}, test.args...)...)
			if r.code != BadUsage || r.out != "" || r.errors != test.want {
				t.Errorf("code %d, %q\ngot  %swant %s", r.code, r.out, r.errors, test.want)
			}
		})
	}
}

// TestJudgeOfInputThatBreaksOff tells what cannot be read from what is wrong.
func TestJudgeOfInputThatBreaksOff(t *testing.T) {
	w := newWorld(t)
	r := w.run("judge", "backtest", t.TempDir())
	if r.code != Failed {
		t.Errorf("code %d", r.code)
	}
	contains(t, r.errors, "the input broke off after line 0", "is a directory")
}

func TestBacktest(t *testing.T) {
	w := newWorld(t)
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, `{"t": %d, "metric": "errors", "bad": %d, "total": 1000}`+"\n", 10*i, i%3)
	}
	if err := os.WriteFile("traffic.jsonl", []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	r := w.expect(Done, "judge", "backtest", "traffic.jsonl", "--rollouts", "20", "--window", "30m")
	contains(t, r.out, "20 rollouts pretended at 5 % for 30m each", "false alarms  0  (0 %)", "errors: 999 bad of 1,000,000 (0.0999 %)")
	piped := w.runWith(b.String(), "judge", "backtest", "-", "--rollouts", "20", "--window", "30m", "--json")
	var report judge.BacktestReport
	if err := json.Unmarshal([]byte(piped.out), &report); err != nil {
		t.Fatal(err, piped.errors)
	}
	if report.Rollouts != 20 || report.Window != 1800 || report.Weight != 5 || report.Seed != 1 || report.FalseAlarms != 0 {
		t.Errorf("%+v", report)
	}
	other := w.runWith(b.String(), "judge", "backtest", "-", "--rollouts", "20", "--weight", "25", "--clump", "2", "--seed", "7", "--json")
	if err := json.Unmarshal([]byte(other.out), &report); err != nil || report.Weight != 25 || report.Clump != 2 || report.Seed != 7 {
		t.Errorf("%v %+v", err, report)
	}
}
