package prometheus_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

var epoch = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

// row is one series and its samples, "second:value" each.
type row struct{ labels, samples string }

// told is a Prometheus that has the given rows.
type told struct {
	rows []row
	last string
}

func (f *told) serve(w http.ResponseWriter, r *http.Request) {
	f.last = r.URL.Query().Get("query")
	type stream struct {
		Metric map[string]string `json:"metric"`
		Values [][2]any          `json:"values,omitempty"`
		Value  [2]any            `json:"value,omitzero"`
	}
	result, kind := []stream{}, "matrix"
	if strings.HasPrefix(f.last, "count by") {
		kind = "vector"
	}
	for _, row := range f.rows {
		s := stream{Metric: map[string]string{}}
		for pair := range strings.SplitSeq(row.labels, ",") {
			name, value, _ := strings.Cut(pair, "=")
			s.Metric[name] = value
		}
		for sample := range strings.FieldsSeq(row.samples) {
			var at int
			var value string
			if _, err := fmt.Sscanf(strings.Replace(sample, ":", " ", 1), "%d %s", &at, &value); err != nil {
				panic(err)
			}
			s.Values = append(s.Values, [2]any{float64(epoch.Unix()) + float64(at), value})
		}
		if kind == "vector" {
			s.Value, s.Values = [2]any{float64(epoch.Unix()), "1"}, nil
		}
		result = append(result, s)
	}
	raw, err := json.Marshal(map[string]any{"status": "success", "data": map[string]any{"resultType": kind, "result": result}})
	if err != nil {
		panic(err)
	}
	says(200, plain, string(raw))(w, r)
}

func base(labels string) string { return "__name__=http_requests_total,job=app," + labels }

// TestCounting tells what is counted from which samples. Each case primes at
// second 10 and asks again at second 40.
func TestCounting(t *testing.T) {
	b := base("instance=b,arm=baseline,code=200")
	c := base("instance=c,arm=canary,code=200")
	c5 := base("instance=c,arm=canary,code=503")
	cases := map[string]struct {
		first, then []row
		want        []signal.Count
		missing     string
		resets      int
		late        bool
	}{
		"plain growth": {
			first: []row{{b, "0:100 10:110"}, {c, "0:10 10:11"}},
			then:  []row{{b, "10:110 20:120 30:135"}, {c, "10:11 20:12 30:14"}},
			want:  []signal.Count{count("errors", target.Baseline, 0, 25), count("errors", target.Canary, 0, 3)},
		},
		"the first event of a series that appears counts": {
			first: []row{{b, "10:110"}, {c, "10:11"}},
			then:  []row{{b, "10:110 30:120"}, {c, "10:11 30:11"}, {c5, "30:3"}},
			want:  []signal.Count{count("errors", target.Baseline, 0, 10), count("errors", target.Canary, 3, 3)},
		},
		"a process that was not scraped before begins with its first sample": {
			first: []row{{b, "10:110"}, {c, "10:11"}},
			then:  []row{{b, "10:110 30:120"}, {c, "10:11 30:12"}, {base("instance=d,arm=canary,code=200"), "20:5000 30:5002"}},
			want:  []signal.Count{count("errors", target.Baseline, 0, 10), count("errors", target.Canary, 0, 3)},
		},
		"an arm of new processes alone is not told yet": {
			first:   []row{{b, "10:110"}},
			then:    []row{{b, "10:110 30:120"}, {c, "30:4000"}},
			want:    []signal.Count{count("errors", target.Baseline, 0, 10)},
			missing: "counting begins with the sample of 2026-11-25T09:00:30Z",
		},
		"two restarts in between": {
			first:  []row{{b, "10:110"}, {c, "10:11"}},
			then:   []row{{b, "10:110 30:120"}, {c, "10:11 15:14 20:2 25:5 30:1"}},
			want:   []signal.Count{count("errors", target.Baseline, 0, 10), count("errors", target.Canary, 0, 3+5+1)},
			resets: 2,
		},
		"both arms are counted through the same time": {
			first: []row{{b, "10:110"}, {c, "10:11"}},
			then:  []row{{b, "10:110 20:120 30:900"}, {c, "10:11 20:12"}},
			want:  []signal.Count{count("errors", target.Baseline, 0, 10), count("errors", target.Canary, 0, 1)},
		},
		"nothing new is late and not zero": {
			first: []row{{b, "10:110"}, {c, "10:11"}},
			then:  []row{{b, "10:110 30:900"}, {c, "10:11"}},
			late:  true,
		},
		"idle is zero": {
			first: []row{{b, "10:110"}, {c, "10:11"}},
			then:  []row{{b, "10:110 30:110"}, {c, "10:11 30:11"}},
			want:  []signal.Count{count("errors", target.Baseline, 0, 0), count("errors", target.Canary, 0, 0)},
		},
		"NaN is no count": {
			first:   []row{{b, "10:110"}, {c, "10:11"}},
			then:    []row{{b, "10:110 30:111"}, {c, "10:11 30:NaN"}},
			want:    []signal.Count{count("errors", target.Baseline, 0, 1)},
			missing: "says NaN, which is no count",
		},
		"other series are left alone": {
			first: []row{{b, "10:110"}, {c, "10:11"}},
			then: []row{{b, "10:110 30:111"}, {c, "10:11 30:12"}, {base("instance=b,arm=other,code=200"), "30:7"},
				{"__name__=else,arm=canary", "30:7"}, {base("arm=canary,le=5"), "30:7"}},
			want: []signal.Count{count("errors", target.Baseline, 0, 1), count("errors", target.Canary, 0, 1)},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f := &told{rows: tc.first}
			url, _ := fake(t, f.serve)
			source := openSource(t, simple(url))
			first, err := source.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: epoch.Add(10 * time.Second)})
			if err != nil {
				t.Fatal(err)
			}
			f.rows = tc.then
			got, err := source.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: epoch.Add(40 * time.Second), Cursor: first.Cursor})
			if err != nil {
				t.Fatal(err)
			}
			if got.Primed == tc.late || got.Resets != tc.resets {
				t.Errorf("primed %v and %d resets, want %v and %d", got.Primed, got.Resets, !tc.late, tc.resets)
			}
			if tc.late && string(got.Cursor) != string(first.Cursor) {
				t.Errorf("the cursor moved from %s to %s", first.Cursor, got.Cursor)
			}
			if diff := cmp.Diff(tc.want, got.Counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			if missing := fmt.Sprint(got.Missing); (tc.missing == "") != (len(got.Missing) == 0) || !strings.Contains(missing, tc.missing) {
				t.Errorf("missing %s, want %q", missing, tc.missing)
			}
		})
	}
}

// TestLateSamples counts what arrives in Prometheus long after its time, once.
func TestLateSamples(t *testing.T) {
	b, c, d := base("instance=b,arm=baseline,code=200"), base("instance=c,arm=canary,code=200"), base("instance=d,arm=canary,code=200")
	f := &told{rows: []row{{b, "10:100"}, {c, "10:10"}, {d, "10:5"}}}
	url, _ := fake(t, f.serve)
	source := openSource(t, simple(url))
	var cursor json.RawMessage
	sum := 0.0
	for i, rows := range [][]row{
		f.rows,
		{{b, "10:100 20:110"}, {c, "10:10 20:11"}, {d, "10:5"}},           // 20 of d is on its way
		{{b, "20:110 30:120"}, {c, "20:11 30:12"}, {d, "10:5 20:8 30:9"}}, // and arrives with the next
		{{b, "30:120 40:130"}, {c, "30:12 40:12"}, {d, "30:9 40:9"}},
	} {
		f.rows = rows
		got, err := source.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: epoch.Add(time.Duration(10*i+11) * time.Second), Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		cursor = got.Cursor
		for _, count := range got.Counts {
			if count.Arm == target.Canary {
				sum += count.Total
			}
		}
	}
	if sum != 2+4 {
		t.Errorf("the canary has %v events, want 6", sum)
	}
}

// TestHistogramParts counts nothing of a scrape of which only a part is there:
// with the count ahead of its bucket all events would look slow.
func TestHistogramParts(t *testing.T) {
	h := func(suffix, arm, le string) string {
		return "__name__=req_seconds" + suffix + ",job=app,instance=" + arm + ",arm=" + arm + le
	}
	rows := func(counts, buckets string) []row {
		return []row{
			{h("_count", "baseline", ""), counts}, {h("_bucket", "baseline", ",le=0.25"), buckets}, {h("_bucket", "baseline", ",le=1"), "10:99"},
			{h("_count", "canary", ""), counts}, {h("_bucket", "canary", ",le=0.25"), buckets},
		}
	}
	f := &told{rows: rows("10:10", "10:10")}
	url, asked := fake(t, f.serve)
	c := simple(url)
	c.Metrics = map[string]prometheus.Metric{"slow": {Histogram: "req_seconds"}}
	source := openSource(t, c)
	queries := []signal.Query{{Metric: "slow", SlowerThan: 200 * time.Millisecond}}
	first, err := source.Counts(t.Context(), signal.Request{Queries: queries, Until: epoch.Add(10 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(f.last, `le=~"|0\\.25"`) {
		t.Errorf("query %s, want the nearest bucket alone", f.last)
	}
	before := asked.Load()
	f.rows = rows("10:10 20:110", "10:10")
	got, err := source.Counts(t.Context(), signal.Request{Queries: queries, Until: epoch.Add(20 * time.Second), Cursor: first.Cursor})
	if err != nil || got.Primed {
		t.Errorf("Counts() = %+v, %v, want to wait for the bucket", got, err)
	}
	f.rows = rows("10:10 20:110", "10:10 20:107")
	got, err = source.Counts(t.Context(), signal.Request{Queries: queries, Until: epoch.Add(21 * time.Second), Cursor: got.Cursor})
	if err != nil {
		t.Fatal(err)
	}
	want := []signal.Count{count("slow", target.Baseline, 3, 100), count("slow", target.Canary, 3, 100)}
	if diff := cmp.Diff(want, got.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if n := asked.Load() - before; n != 2 {
		t.Errorf("two answers took %d requests, want one each", n)
	}
	// Without a bucket at or above the threshold it is not "nothing was slow".
	got, err = source.Counts(t.Context(), signal.Request{Queries: []signal.Query{{Metric: "slow", SlowerThan: time.Minute}}, Until: epoch.Add(21 * time.Second), Cursor: got.Cursor})
	if err != nil || len(got.Counts) > 0 || len(got.Missing) != 2 || !strings.Contains(got.Missing[0].Reason, "has no bucket for 1m0s in this arm") {
		t.Errorf("Counts() = %+v, %v, want both arms missing", got, err)
	}
}

// TestArmsThatOverlap refuses series that belong to both arms.
func TestArmsThatOverlap(t *testing.T) {
	f := &told{rows: []row{{base("arm=canary-2"), "10:1"}}}
	url, _ := fake(t, f.serve)
	c := simple(url)
	c.Arms = &prometheus.Arms{Label: "arm", Baseline: ".*-2", Canary: "canary-.*"}
	_, err := openSource(t, c).Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: epoch.Add(10 * time.Second)})
	if err == nil || !strings.Contains(err.Error(), `the value "canary-2" of the label "arm" belongs to both arms`) {
		t.Errorf("Counts() = %v, want that the arms overlap", err)
	}
}
