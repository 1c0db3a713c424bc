package judge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// pairLines writes ticks as Replay reads them.
func pairLines(ticks []Tick) string {
	var b strings.Builder
	for _, tick := range ticks {
		for _, c := range tick.Counts {
			fmt.Fprintf(&b, `{"t":%v,"metric":%q,"bad_canary":%v,"total_canary":%v,"bad_baseline":%v,"total_baseline":%v,"weight":%v,"step":%d}`+"\n",
				tick.At, c.Metric, c.BadCanary, c.TotalCanary, c.BadBaseline, c.TotalBaseline, tick.Weight, tick.Step)
		}
	}
	return b.String()
}

func declared() ReplayOptions {
	return ReplayOptions{Params: Defaults(), Metrics: scriptMetrics()}
}

func TestReplayGivesTheVerdictsOfObserve(t *testing.T) {
	ticks := script(21, 60)
	input := pairLines(ticks)
	var out, again bytes.Buffer
	last, err := Replay(strings.NewReader(input), &out, declared())
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, Defaults(), scriptMetrics()...)
	decoder := json.NewDecoder(bytes.NewReader(out.Bytes()))
	for n, tick := range ticks {
		var want Verdict
		s, want = s.Observe(tick)
		var got ReplayLine
		if err := decoder.Decode(&got); err != nil {
			t.Fatalf("tick %d: %v", n, err)
		}
		if diff := cmp.Diff(want, got.Verdict); diff != "" {
			t.Fatalf("tick %d (-Observe +Replay):\n%s", n, diff)
		}
		if got.Evidence != want.EHarm || got.Interval[0] == nil || got.Metric == "" {
			t.Errorf("tick %d: evidence %v, interval %v, metric %q", n, got.Evidence, got.Interval, got.Metric)
		}
		if n == len(ticks)-1 {
			if diff := cmp.Diff(want, last); diff != "" {
				t.Errorf("last verdict:\n%s", diff)
			}
		}
	}
	if _, err := Replay(strings.NewReader(input), &again, declared()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Error("two replays differ")
	}
}

func TestReplayDiscoversMetrics(t *testing.T) {
	options := ReplayOptions{Params: Defaults(), Template: Metric{Dispersion: 1, Ceiling: 0.02}}
	last, err := Replay(strings.NewReader(pairLines(script(2, 40))), io.Discard, options)
	if err != nil {
		t.Fatal(err)
	}
	if len(last.Metrics) != 2 || !last.Metrics[1].Critical || last.Metrics[1].Dispersion != 1 {
		t.Errorf("got %+v", last.Metrics)
	}
}

// TestReplayPromises holds the fields that scripts lean on.
func TestReplayPromises(t *testing.T) {
	var out bytes.Buffer
	line := `{"t": 10, "metric": "errors", "bad_canary": 3, "total_canary": 50, "bad_baseline": 9, "total_baseline": 950}`
	if _, err := Replay(strings.NewReader(line), &out, ReplayOptions{Params: Defaults()}); err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(out.Bytes(), &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"t", "verdict", "action", "evidence", "metric", "ratio", "interval", "reasons", "metrics", "warnings"} {
		if _, ok := fields[name]; !ok {
			t.Errorf("no field %q in %s", name, out.String())
		}
	}
	if fields["verdict"] != "inconclusive" || fields["ratio"] != 6.33333 {
		t.Errorf("verdict %v, ratio %v", fields["verdict"], fields["ratio"])
	}
}

func TestReplayRefuses(t *testing.T) {
	good := strings.TrimSpace(pairLines([]Tick{tick(1, 5, 1, 10, 1, 190)}))
	for _, test := range []struct {
		name, line, want string
	}{
		{"no JSON", "errors 1 10", "one JSON object a line"},
		{"NaN", strings.Replace(good, `"bad_canary":1`, `"bad_canary":NaN`, 1), "finite numbers"},
		{"a word for a number", strings.Replace(good, `"bad_canary":1`, `"bad_canary":"1"`, 1), "bad_canary is a JSON string that does not fit"},
		{"a number beyond all", strings.Replace(good, `"bad_canary":1`, `"bad_canary":1e400`, 1), "bad_canary is a JSON number 1e400 that does not fit"},
		{"a list", "[" + good + "]", "the line is a JSON array that does not fit"},
		{"unknown field", strings.Replace(good, `"step"`, `"stage"`, 1), "stage"},
		{"missing field", strings.Replace(good, `"total_baseline":190,`, ``, 1), "no total_baseline"},
		{"null", strings.Replace(good, `"total_baseline":190`, `"total_baseline":null`, 1), "no total_baseline"},
		{"two objects", good + good, "after the object"},
		{"negative", strings.Replace(good, `"bad_canary":1`, `"bad_canary":-1`, 1), "bad_canary"},
		{"more bad than all", strings.Replace(good, `"bad_canary":1`, `"bad_canary":11`, 1), "at most the total"},
		{"weight beyond 100", strings.Replace(good, `"weight":5`, `"weight":101`, 1), "0 to 100"},
		{"undeclared metric", strings.Replace(good, `"errors"`, `"latency"`, 1), `"errors", "slow"`},
		{"empty metric", strings.Replace(good, `"errors"`, `""`, 1), "metric is empty"},
		{"metric twice", good, "twice"},
		{"time goes back", strings.Replace(good, `"t":10`, `"t":9`, 1), "t is 9, before 10"},
		{"another weight at the same time", strings.NewReplacer(`"weight":5`, `"weight":6`, "errors", "slow").Replace(good), "one weight and step"},
		{"endless line", strings.Repeat("x", maxLine+1), "at most 1048576 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Replay(strings.NewReader(good+"\n\n"+test.line+"\n"), io.Discard, declared())
			var line *LineError
			if !errors.As(err, &line) || line.Line != 3 && test.name != "endless line" || !errors.Is(err, ErrInput) {
				t.Fatalf("got %v, want a LineError of line 3", err)
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "allowed") && !strings.Contains(err.Error(), "example") {
				t.Errorf("%q does not contain %q and what is allowed", err, test.want)
			}
		})
	}
}

// TestReplayOfOtherLineEnds takes what editors and shells of other systems write.
func TestReplayOfOtherLineEnds(t *testing.T) {
	input := pairLines(script(2, 9))
	judged := func(input string) string {
		var out bytes.Buffer
		if _, err := Replay(strings.NewReader(input), &out, declared()); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	want := judged(input)
	for name, other := range map[string]string{
		"carriage returns":   strings.ReplaceAll(input, "\n", "\r\n"),
		"no end":             strings.TrimSuffix(input, "\n"),
		"blank lines":        "\n \t\n" + strings.ReplaceAll(input, "\n", "\n\n"),
		"a byte order mark":  "\ufeff" + input,
		"spaces in the line": strings.ReplaceAll(input, ",", " ,\t"),
	} {
		if got := judged(other); got != want {
			t.Errorf("%s change the verdicts", name)
		}
	}
}

// TestReplayOfInputThatBreaksOff keeps errors of reading apart from bad input.
func TestReplayOfInputThatBreaksOff(t *testing.T) {
	gone := errors.New("gone")
	input := io.MultiReader(strings.NewReader(pairLines(script(2, 9))), iotest.ErrReader(gone))
	if _, err := Replay(input, io.Discard, declared()); !errors.Is(err, gone) || errors.Is(err, ErrInput) {
		t.Errorf("got %v, want the reader's error, and no ErrInput", err)
	}
}

func TestReplayOfNothingIsAnError(t *testing.T) {
	for name, options := range map[string]ReplayOptions{"declared": declared(), "discovered": {Params: Defaults()}} {
		t.Run(name, func(t *testing.T) {
			if _, err := Replay(strings.NewReader("\n"), io.Discard, options); !errors.Is(err, ErrInput) {
				t.Errorf("got %v, want ErrInput", err)
			}
		})
	}
	var invalid *InvalidError
	if _, err := Replay(strings.NewReader(""), io.Discard, ReplayOptions{Metrics: scriptMetrics()}); !errors.As(err, &invalid) {
		t.Errorf("got %v, want an InvalidError", err)
	}
}

// fullDisk refuses every write.
type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestReplayReportsAWriterThatFails(t *testing.T) {
	for name, options := range map[string]ReplayOptions{"declared": declared(), "discovered": {Params: Defaults()}} {
		if _, err := Replay(strings.NewReader(pairLines(script(1, 9))), fullDisk{}, options); !errors.Is(err, errFull) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
