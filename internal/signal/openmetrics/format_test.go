package openmetrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

const omType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

func TestFormatsAndSuffixes(t *testing.T) {
	text := func(name, v string) string {
		return fmt.Sprintf("# TYPE %[1]s counter\n%[1]s{arm=\"baseline\"} 1\n%[1]s{arm=\"canary\",code=\"500\"} %[2]s\n", name, v)
	}
	om := func(v string) string {
		return "# HELP http_requests All.\n# TYPE http_requests counter\n# TYPE other gauge\nother 1\n" +
			"http_requests_total{arm=\"baseline\"} 1\nhttp_requests_created{arm=\"baseline\"} 1700000000.5\n" +
			"http_requests_total{arm=\"canary\",code=\"500\"} " + v + " # {trace_id=\"abc\"} 1.0\n# EOF"
	}
	pages := map[string]struct {
		media  string
		before string
		after  string
	}{
		"text with the suffix":    {textType, text("http_requests_total", "2"), text("http_requests_total", "5")},
		"text without the suffix": {textType, text("http_requests", "2"), text("http_requests", "5")},
		"text without a type":     {"text/plain", "http_requests_total{arm=\"baseline\"} 1\nhttp_requests_total{arm=\"canary\",code=\"500\"} 2\n", "http_requests_total{arm=\"baseline\"} 1\nhttp_requests_total{arm=\"canary\",code=\"500\"} 5\n"},
		"text with indents":       {textType, "\tup 1\n  http_requests_total{arm=\"baseline\"} 1\n", "  http_requests_total { arm = \"baseline\" } 1\n  http_requests_total { arm = \"canary\",code=\"500\" } 3\n"},
		"OpenMetrics":             {omType, om("2"), om("5")},
	}
	for name, page := range pages {
		for _, asked := range []string{"http_requests_total", "http_requests"} {
			t.Run(name+", asked for as "+asked, func(t *testing.T) {
				p := servePage(t)
				p.media.Store(page.media)
				s := openConfig(t, Config{URL: p.url, Arms: &Arms{Label: "arm", Baseline: "baseline", Canary: "canary"}, Metrics: map[string]Metric{
					"errors": {Total: &Selector{Name: asked}, Bad: &Selector{Match: map[string]string{"code": "5.."}}}}})
				answers := play(t, s, p, errorsQuery, page.before, page.after)
				want{canary: [2]float64{3, 3}}.check(t, "errors", answers[1])
			})
		}
	}
}

func TestCreatedTellsAReset(t *testing.T) {
	page := func(v, created string) string {
		return "# TYPE lab_requests counter\nlab_requests_total{arm=\"canary\"} " + v + "\nlab_requests_created{arm=\"canary\"} " + created +
			"\nlab_requests_total{arm=\"baseline\"} 1\n# EOF"
	}
	p := servePage(t)
	p.media.Store(omType)
	answers := play(t, openConfig(t, Config{URL: p.url, Preset: "lab"}), p, errorsQuery,
		page("50", "1700000000"), page("60", "1700000000"), page("70", "1700000100"))
	want{canary: [2]float64{0, 10}}.check(t, "errors", answers[1])
	want{canary: [2]float64{0, 70}, resets: 1}.check(t, "errors", answers[2])
}

// TestSwitchOfFormat wants the series known again when the server changes its mind.
func TestSwitchOfFormat(t *testing.T) {
	p := servePage(t)
	s := openConfig(t, Config{URL: p.url, Preset: "lab"})
	first := play(t, s, p, errorsQuery, b("200", "5")+"; "+c("200", "7"))
	p.media.Store(omType)
	p.body.Store("# TYPE lab_requests counter\n" + b("200", "6") + "\n" + c("200", "7") + "\n# EOF\n")
	got, err := s.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: start, Cursor: first[0].Cursor})
	if err != nil {
		t.Fatal(err)
	}
	want{base: [2]float64{0, 1}}.check(t, "errors", got)
}

func TestSelectors(t *testing.T) {
	page := func(n int) string {
		return fmt.Sprintf(`hits_total{arm="baseline"} %[1]d; hits_total{arm="canary",route="/a",code="200"} %[1]d; hits_total{arm="canary",route="/a",code="500"} %[1]d; `+
			`hits_total{arm="canary",route="/b",code="500"} %[1]d; hits_total{arm="canary",route="/a",code="1500"} %[1]d; `+
			`failures_total{arm="canary",route="/a"} %[1]d; failures_total{arm="canary",route="/b"} %[1]d`, n)
	}
	cases := map[string]struct {
		metric Metric
		want   want
	}{
		"bad narrows total, anchored": {
			Metric{Total: &Selector{Name: "hits_total"}, Bad: &Selector{Match: map[string]string{"code": "5.."}}},
			want{base: [2]float64{0, 10}, canary: [2]float64{20, 40}}},
		"total narrowed too": {
			Metric{Total: &Selector{Name: "hits_total", Match: map[string]string{"route": "/a|"}}, Bad: &Selector{Name: "hits_total", Match: map[string]string{"code": "500"}}},
			want{base: [2]float64{0, 10}, canary: [2]float64{10, 30}}},
		"a label that is absent is empty": {
			Metric{Total: &Selector{Name: "hits_total"}, Bad: &Selector{Match: map[string]string{"code": ""}}},
			want{base: [2]float64{10, 10}, canary: [2]float64{0, 40}}},
		"a counter of its own": {
			Metric{Total: &Selector{Name: "hits_total"}, Bad: &Selector{Name: "failures_total", Match: map[string]string{"route": "/a"}}},
			want{base: [2]float64{0, 10}, canary: [2]float64{10, 40}}},
		"more bad than all": {
			Metric{Total: &Selector{Name: "hits_total", Match: map[string]string{"code": "200|"}}, Bad: &Selector{Name: "failures_total"}},
			want{base: [2]float64{0, 10}, missing: map[target.Arm]string{target.Canary: "20 bad events among 10 in all do not add up"}}},
		"a bad counter that is nowhere": {
			Metric{Total: &Selector{Name: "hits_total"}, Bad: &Selector{Name: "failure_total"}},
			want{missing: map[target.Arm]string{target.Baseline: "no metric failure_total", target.Canary: "must be served as 0"}}},
		"nothing matches": {
			Metric{Total: &Selector{Name: "hits_total", Match: map[string]string{"route": "/none"}}, Bad: &Selector{Match: map[string]string{"code": "5.."}}},
			want{missing: map[target.Arm]string{target.Baseline: "no series that match", target.Canary: "no series that match"}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := servePage(t)
			s := openConfig(t, Config{URL: p.url, Arms: Presets()["lab"].Arms, Metrics: map[string]Metric{"errors": tc.metric}})
			answers := play(t, s, p, errorsQuery, page(5), page(15))
			tc.want.check(t, "errors", answers[1])
		})
	}
}

// TestBadCounterThatComesLate must not count what was before the rollout.
func TestBadCounterThatComesLate(t *testing.T) {
	p := servePage(t)
	s := openConfig(t, Config{URL: p.url, Arms: Presets()["lab"].Arms, Metrics: map[string]Metric{
		"errors": {Total: &Selector{Name: "hits_total"}, Bad: &Selector{Name: "failures_total"}}}})
	all := `hits_total{arm="baseline"} 1000; hits_total{arm="canary"} 2000`
	answers := play(t, s, p, errorsQuery, all, `failures_total{arm="canary"} 3; hits_total{arm="baseline"} 1000; hits_total{arm="canary"} 2005`)
	want{canary: [2]float64{3, 5}}.check(t, "errors", answers[1])
}

func TestBadCounterIsReset(t *testing.T) {
	p := servePage(t)
	s := openConfig(t, Config{URL: p.url, Arms: Presets()["lab"].Arms, Metrics: map[string]Metric{
		"errors": {Total: &Selector{Name: "hits_total"}, Bad: &Selector{Name: "failures_total"}}}})
	page := `hits_total{arm="baseline"} 1; hits_total{arm="canary"} %d; failures_total{arm="canary"} %d`
	answers := play(t, s, p, errorsQuery, fmt.Sprintf(page, 100, 20), fmt.Sprintf(page, 110, 4))
	want{canary: [2]float64{4, 10}, resets: 1}.check(t, "errors", answers[1])
}

func TestRequestIsPolite(t *testing.T) {
	var got http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		answer(textType, "up 1\n")(w, r)
	}))
	t.Cleanup(srv.Close)
	s := openConfig(t, Config{URL: srv.URL, Preset: "lab"})
	if _, err := s.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: start}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"Accept": accept, "User-Agent": "sluice/test", "Accept-Encoding": "gzip"}
	have := map[string]string{}
	for name := range got {
		have[name] = got.Get(name)
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func BenchmarkDecode(b *testing.B) {
	s := &source{plan: &plan{metrics: []metric{{name: "errors", total: selector{name: "lab_requests_total"}}}}}
	s.wanted = s.plan.names()
	for _, n := range []int{10, 10_000} {
		for _, media := range []string{textType, omType} {
			body := manySeries(n)
			if media == omType {
				if n > 10 {
					continue // The parser takes half a minute.
				}
				body = "# TYPE lab_requests counter\n" + body + "# EOF\n"
			}
			body = strings.Repeat("other_metric{a=\"b\"} 1\n", 10_000) + body
			b.Run(fmt.Sprintf("%d of %s", n, media[:22]), func(b *testing.B) {
				for b.Loop() {
					if _, err := s.decode(http.Header{"Content-Type": {media}}, []byte(body)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
