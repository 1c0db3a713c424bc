package judge

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// day is past traffic of one arm: so many hours, every 10 s, with bad events in
// clusters of a size.
func day(hours int, rate, cluster float64) string {
	w := &world{random{17}}
	var b strings.Builder
	for n := range hours * 360 {
		total := w.poisson(200)
		bad := min(total, cluster*w.poisson(total*rate/cluster))
		fmt.Fprintf(&b, `{"t":%d,"metric":"errors","bad":%v,"total":%v}`+"\n", 10*n, bad, total)
	}
	return b.String()
}

func TestBacktestOfCalmTraffic(t *testing.T) {
	input := day(6, 0.005, 1)
	report, err := Backtest(strings.NewReader(input), DefaultBacktest())
	if err != nil {
		t.Fatal(err)
	}
	if report.FalseAlarmShare > 0.01 || report.Rollouts != 200 {
		t.Errorf("%d false alarms in %d rollouts", report.FalseAlarms, report.Rollouts)
	}
	if report.ProvedSafe < 150 || report.MedianSecondsToSafe == nil {
		t.Errorf("%d proved safe", report.ProvedSafe)
	}
	m := report.Metrics[0]
	if m.Estimated == nil || *m.Estimated > 1.5 || m.Dispersion != *m.Estimated || m.Blocks != 36 {
		t.Errorf("metric %+v", m)
	}
	again, err := Backtest(strings.NewReader(input), DefaultBacktest())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(report, again); diff != "" {
		t.Errorf("two backtests differ:\n%s", diff)
	}
	other := DefaultBacktest()
	other.Seed = 2
	differs, err := Backtest(strings.NewReader(input), other)
	if err != nil {
		t.Fatal(err)
	}
	if cmp.Equal(report.MedianSecondsToSafe, differs.MedianSecondsToSafe) && report.ProvedSafe == differs.ProvedSafe {
		t.Error("another seed cuts the same arms")
	}
}

// TestBacktestShowsWhatBurstsCost deals clustered traffic in clumps: taken for
// calm it alarms, and with the dispersion that it shows it does not.
func TestBacktestShowsWhatBurstsCost(t *testing.T) {
	options := DefaultBacktest()
	options.Weight, options.Clump = 50, 8
	input := day(6, 0.02, 8)
	report, err := Backtest(strings.NewReader(input), options)
	if err != nil {
		t.Fatal(err)
	}
	if report.FalseAlarmShare > 0.01 || *report.Metrics[0].Estimated < 5 {
		t.Errorf("false alarms %v with an estimate of %v", report.FalseAlarmShare, *report.Metrics[0].Estimated)
	}
	options.Template.Dispersion = 1
	naive, err := Backtest(strings.NewReader(input), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("false alarms: %.3f with the estimate, %.3f without", report.FalseAlarmShare, naive.FalseAlarmShare)
	if naive.FalseAlarmShare < 0.1 || len(naive.Alarms) != maxAlarms || naive.Alarms[0].Reason.Text == "" {
		t.Errorf("false alarms %v without the dispersion, %+v", naive.FalseAlarmShare, naive.Alarms)
	}
	if _, err := json.Marshal(naive); err != nil {
		t.Error(err)
	}
}

func TestBacktestOfShortTraffic(t *testing.T) {
	options := DefaultBacktest()
	options.Rollouts = 3
	report, err := Backtest(strings.NewReader(day(1, 0.005, 1)), options)
	if err != nil {
		t.Fatal(err)
	}
	m := report.Metrics[0]
	if m.Estimated != nil || m.Dispersion != 2 || len(report.Warnings) != 2 {
		t.Errorf("metric %+v, warnings %q; want an unknown dispersion and two warnings", m, report.Warnings)
	}
}

func TestBacktestDealsEveryEventOnce(t *testing.T) {
	metrics := []Metric{errorsMetric(), {Name: "restarts", Kind: KindExposure}}
	b := backtest{options: DefaultBacktest(), fresh: start(t, Defaults(), metrics...)}
	b.options.Clump = 3
	r := &random{4}
	canary, bad := 0.0, 0.0
	for range 10_000 {
		whole := Tick{Counts: []Counts{{Metric: "errors", BadBaseline: 7, TotalBaseline: 100}, {Metric: "restarts", BadBaseline: 9, TotalBaseline: 2}}}
		tick := b.deal(r, whole)
		for i, c := range tick.Counts {
			if err := c.Validate(metrics[i].WithDefaults().Kind); err != nil {
				t.Fatal(err)
			}
			if c.BadCanary+c.BadBaseline != whole.Counts[i].BadBaseline {
				t.Fatalf("bad events %v and %v of %v", c.BadCanary, c.BadBaseline, whole.Counts[i].BadBaseline)
			}
			if sum := c.TotalCanary + c.TotalBaseline; sum < whole.Counts[i].TotalBaseline-1e-9 || sum > whole.Counts[i].TotalBaseline+1e-9 {
				t.Fatalf("totals %v and %v of %v", c.TotalCanary, c.TotalBaseline, whole.Counts[i].TotalBaseline)
			}
		}
		canary += tick.Counts[0].TotalCanary
		bad += tick.Counts[0].BadCanary
	}
	if canary < 48_000 || canary > 52_000 {
		t.Errorf("%v of 1,000,000 requests on the canary, want about 50,000", canary)
	}
	rest := false
	for range 1000 {
		rest = rest || int(b.dealBad(r, 7, 0.5))%3 == 1
	}
	if bad < 3100 || bad > 3900 || !rest {
		t.Errorf("%v of 70,000 bad events on the canary, want about 3,500; the last clump is dealt: %v", bad, rest)
	}
}

func TestBacktestRefuses(t *testing.T) {
	invalid := func(edit func(*BacktestOptions)) error {
		options := DefaultBacktest()
		edit(&options)
		_, err := Backtest(strings.NewReader(day(1, 0, 1)), options)
		return err
	}
	for path, edit := range map[string]func(*BacktestOptions){
		"weight":     func(o *BacktestOptions) { o.Weight = 100 },
		"window":     func(o *BacktestOptions) { o.Window = 0 },
		"rollouts":   func(o *BacktestOptions) { o.Rollouts = 0 },
		"clump":      func(o *BacktestOptions) { o.Clump = 0.5 },
		"alpha_harm": func(o *BacktestOptions) { o.Params.AlphaHarm = 0 },
	} {
		t.Run(path, func(t *testing.T) {
			var e *InvalidError
			if err := invalid(edit); !errors.As(err, &e) || e.Fields[0].Path != path {
				t.Errorf("got %v, want an error on %s", err, path)
			}
		})
	}
	for name, input := range map[string]string{
		"nothing":           "",
		"more bad than all": `{"t":1,"metric":"errors","bad":2,"total":1}`,
		"a field of pairs":  `{"t":1,"metric":"errors","bad_canary":2,"total":1}`,
		"missing total":     `{"t":1,"metric":"errors","bad":2}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Backtest(strings.NewReader(input), DefaultBacktest()); !errors.Is(err, ErrInput) {
				t.Errorf("got %v, want ErrInput", err)
			}
		})
	}
}

func TestBinomialHasItsMeanAndVariance(t *testing.T) {
	for _, test := range []struct{ n, p float64 }{{10, 0.05}, {200, 0.5}, {300, 0.9}, {5000, 0.05}, {1e6, 0.3}} {
		r := &random{3}
		const draws = 20000
		sum, squares := 0.0, 0.0
		for range draws {
			x := r.binomial(test.n, test.p)
			if x < 0 || x > test.n {
				t.Fatalf("%v of %v", x, test.n)
			}
			sum += x - test.n*test.p
			squares += (x - test.n*test.p) * (x - test.n*test.p)
		}
		want := test.n * test.p * (1 - test.p)
		if variance := squares / draws; variance < 0.95*want || variance > 1.05*want || sum*sum > 25*want*draws {
			t.Errorf("binomial(%v, %v): mean off by %v, variance %v, want %v", test.n, test.p, sum/draws, variance, want)
		}
	}
	r := &random{1}
	if r.binomial(0, 0.5) != 0 || r.binomial(5, 0) != 0 || r.binomial(5, 1) != 5 {
		t.Error("a sure thing is not sure")
	}
}
