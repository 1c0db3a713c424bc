package openmetrics

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

const textType = "text/plain; version=0.0.4; charset=utf-8"

// page is an endpoint whose content a test sets.
type page struct {
	url         string
	body, media atomic.Value
	hits        atomic.Int32
}

func servePage(t *testing.T) *page {
	t.Helper()
	p := &page{}
	p.media.Store(textType)
	p.body.Store("")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.hits.Add(1)
		w.Header().Set("Content-Type", p.media.Load().(string))
		_, _ = w.Write([]byte(p.body.Load().(string)))
	}))
	t.Cleanup(srv.Close)
	p.url = srv.URL + "/metrics"
	return p
}

func openConfig(t *testing.T, c Config) *source {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	src, err := Driver().Open(t.Context(), raw, signal.Deps{Clock: clock.NewFake(start), UserAgent: "sluice/test"})
	if err != nil {
		t.Fatal(err)
	}
	s := src.(*source)
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

var errorsQuery = []signal.Query{{Metric: "errors"}}

// play serves the pages one after the other and returns the answers, each asked
// with the cursor of the one before.
func play(t *testing.T, s *source, p *page, queries []signal.Query, bodies ...string) []signal.Counts {
	t.Helper()
	var out []signal.Counts
	var cursor json.RawMessage
	for _, body := range bodies {
		p.body.Store(strings.ReplaceAll(body, "; ", "\n") + "\n")
		got, err := s.Counts(t.Context(), signal.Request{Queries: queries, Until: start, Cursor: cursor})
		if err != nil {
			t.Fatalf("Counts() of %q failed: %v", body, err)
		}
		cursor = got.Cursor
		out = append(out, got)
	}
	return out
}

// want is what the last answer of a case says, in short.
type want struct {
	base, canary [2]float64 // bad and total
	missing      map[target.Arm]string
	resets       int
}

func (w want) check(t *testing.T, metric string, got signal.Counts) {
	t.Helper()
	if !got.Primed {
		t.Fatal("the answer is not primed")
	}
	var counts []signal.Count
	for _, arm := range arms {
		if _, missing := w.missing[arm]; missing {
			continue
		}
		c := map[target.Arm][2]float64{target.Baseline: w.base, target.Canary: w.canary}[arm]
		counts = append(counts, signal.Count{Metric: metric, Arm: arm, Bad: c[0], Total: c[1]})
	}
	if diff := cmp.Diff(counts, got.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if len(got.Missing) != len(w.missing) {
		t.Errorf("missing %+v, want %v", got.Missing, w.missing)
	}
	for _, m := range got.Missing {
		if w.missing[m.Arm] == "" || !strings.Contains(m.Reason, w.missing[m.Arm]) {
			t.Errorf("missing %s because %q, want %q", m.Arm, m.Reason, w.missing[m.Arm])
		}
	}
	if got.Resets != w.resets {
		t.Errorf("%d resets, want %d", got.Resets, w.resets)
	}
}

func b(code, v string) string { return `lab_requests_total{arm="baseline",code="` + code + `"} ` + v }
func c(code, v string) string { return `lab_requests_total{arm="canary",code="` + code + `"} ` + v }

func TestCounters(t *testing.T) {
	nothing := map[target.Arm]string{}
	cases := map[string]struct {
		pages []string
		want  want
	}{
		"deltas of both arms": {
			pages: []string{b("200", "100") + "; " + b("500", "1") + "; " + c("200", "10"), b("200", "150") + "; " + b("500", "3") + "; " + c("200", "12")},
			want:  want{base: [2]float64{2, 52}, canary: [2]float64{0, 2}},
		},
		"a series that does not move is zero": {
			pages: []string{b("200", "5") + "; " + c("200", "7"), b("200", "5") + "; " + c("200", "7")},
			want:  want{missing: nothing},
		},
		"no bad series yet is zero bad, and a new one counts from zero": {
			pages: []string{b("200", "5") + "; " + c("200", "7"), b("200", "5") + "; " + c("200", "8") + "; " + c("503", "4")},
			want:  want{canary: [2]float64{4, 5}},
		},
		"an arm without series is missing and never zero": {
			pages: []string{b("200", "5"), b("200", "9")},
			want:  want{base: [2]float64{0, 4}, missing: map[target.Arm]string{target.Canary: `no series that match with arm="canary" yet`}},
		},
		"an arm that appears counts from zero": {
			pages: []string{b("200", "5"), b("200", "9") + "; " + c("200", "3") + "; " + c("500", "1")},
			want:  want{base: [2]float64{0, 4}, canary: [2]float64{1, 4}},
		},
		"a reset counts what came after it": {
			pages: []string{b("200", "100") + "; " + c("200", "90"), b("200", "130") + "; " + c("200", "7") + "; " + c("500", "2")},
			want:  want{base: [2]float64{0, 30}, canary: [2]float64{2, 9}, resets: 1},
		},
		"a series that vanishes and returns higher goes on": {
			pages: []string{b("200", "1") + "; " + c("200", "50"), b("200", "1"), b("200", "1") + "; " + c("200", "60")},
			want:  want{canary: [2]float64{0, 10}},
		},
		"a series that vanishes and returns lower is reset": {
			pages: []string{b("200", "1") + "; " + c("200", "50"), b("200", "1"), b("200", "1") + "; " + c("200", "6")},
			want:  want{canary: [2]float64{0, 6}, resets: 1},
		},
		"while all of its series are gone an arm is missing": {
			pages: []string{b("200", "1") + "; " + c("200", "50"), b("200", "1")},
			want:  want{missing: map[target.Arm]string{target.Canary: "no series"}},
		},
		"NaN": {
			pages: []string{b("200", "1") + "; " + c("200", "5"), b("200", "2") + "; " + c("200", "NaN")},
			want:  want{base: [2]float64{0, 1}, missing: map[target.Arm]string{target.Canary: "says NaN, which is no count"}},
		},
		"infinity": {
			pages: []string{b("200", "1") + "; " + c("200", "5"), b("200", "2") + "; " + c("200", "+Inf")},
			want:  want{base: [2]float64{0, 1}, missing: map[target.Arm]string{target.Canary: "says +Inf, which is no count"}},
		},
		"negative": {
			pages: []string{b("200", "1") + "; " + c("200", "5"), b("200", "-2") + "; " + c("200", "5")},
			want:  want{missing: map[target.Arm]string{target.Baseline: "says -2, which is no count"}},
		},
		"after NaN nothing is lost": {
			pages: []string{b("200", "1") + "; " + c("200", "5"), b("200", "2") + "; " + c("200", "NaN"), b("200", "2") + "; " + c("200", "9")},
			want:  want{canary: [2]float64{0, 4}},
		},
		"NaN at first primes nothing": {
			pages: []string{b("200", "1") + "; " + c("200", "NaN"), b("200", "2") + "; " + c("200", "500")},
			want:  want{base: [2]float64{0, 1}, missing: map[target.Arm]string{target.Canary: "counting begins with this scrape"}},
		},
		"the family is gone": {
			pages: []string{b("200", "1") + "; " + c("200", "5"), "up 1"},
			want: want{missing: map[target.Arm]string{
				target.Baseline: "no metric lab_requests_total", target.Canary: "no metric lab_requests_total"}},
		},
		"the family comes late and counts from zero": {
			pages: []string{"up 1", b("200", "3") + "; " + c("200", "5")},
			want:  want{base: [2]float64{0, 3}, canary: [2]float64{0, 5}},
		},
		"twice the same series": {
			pages: []string{b("200", "1") + "; " + c("200", "5"), b("200", "1") + "; " + b("200", "2") + "; " + c("200", "5")},
			want:  want{missing: map[target.Arm]string{target.Baseline: "stands twice"}},
		},
		"a gauge is no counter": {
			pages: []string{b("200", "1") + "; " + c("200", "5"), "# TYPE lab_requests_total gauge; " + b("200", "1") + "; " + c("200", "5")},
			want:  want{missing: map[target.Arm]string{target.Baseline: "is a gauge", target.Canary: "is a gauge"}},
		},
		"other arms are nobody's": {
			pages: []string{b("200", "1") + "; " + c("200", "5"), b("200", "1") + "; " + c("200", "5") + `; lab_requests_total{arm="shadow",code="500"} 9; lab_requests_total{code="500"} 9`},
			want:  want{},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := servePage(t)
			answers := play(t, openConfig(t, Config{URL: p.url, Preset: "lab"}), p, errorsQuery, tc.pages...)
			if first := answers[0]; first.Primed || first.Counts != nil || first.Missing != nil || first.Cursor == nil {
				t.Errorf("the first answer %+v does more than set the cursor", first)
			}
			tc.want.check(t, "errors", answers[len(answers)-1])
			if got := int(p.hits.Load()); got != len(tc.pages) {
				t.Errorf("%d scrapes for %d answers", got, len(tc.pages))
			}
		})
	}
}
