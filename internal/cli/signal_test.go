package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus"
)

func TestSignalQueries(t *testing.T) {
	w := newWorld(t)
	got := w.run("signal", "queries", "haproxy", "--match", "proxy=checkout", "--canary", "v2-.*")
	want := `preset haproxy: the label server is old.* on the old artifact and v2-.* on the new one; events of 5m

errors, baseline
  all  sum(increase(haproxy_server_http_responses_total{proxy="checkout",server=~"old.*"}[300s]))
  bad  sum(increase(haproxy_server_http_responses_total{code="5xx",proxy="checkout",server=~"old.*"}[300s]))

errors, canary
  all  sum(increase(haproxy_server_http_responses_total{proxy="checkout",server=~"v2-.*"}[300s]))
  bad  sum(increase(haproxy_server_http_responses_total{code="5xx",proxy="checkout",server=~"v2-.*"}[300s]))

A look asks once, for the samples since the last one:
  {__name__="haproxy_server_http_responses_total",proxy="checkout",server=~"old.*|v2-.*",le=""}
`
	if got.code != Done || got.out != want {
		t.Errorf("exit code %d, output\n%s%s\nwant\n%s", got.code, got.out, got.errors, want)
	}
}

// Every preset can be printed, copied and used.
func TestSignalQueriesOfEveryPreset(t *testing.T) {
	w := newWorld(t)
	for name := range prometheus.Presets() {
		got := w.run("signal", "queries", name, "--json", "--slower-than", "300ms")
		var out queriesJSON
		if err := json.Unmarshal([]byte(got.out), &out); err != nil || got.code != Done {
			t.Errorf("%s: exit code %d, %v: %s", name, got.code, err, got.errors)
			continue
		}
		c := out.Config
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if errs := prometheus.Validate(raw); len(errs) > 0 || len(out.Queries) < 2 {
			t.Errorf("%s, written out, is refused: %v; queries %v", name, errs, out.Queries)
		}
		for _, q := range out.Queries {
			if q.Metric == "slow" && !strings.Contains(q.Bad, `le="0.3"`) && !strings.Contains(q.Bad, `le="300"`) {
				t.Errorf("%s: the query %s has no bucket for 300ms", name, q.Bad)
			}
		}
	}
}

func TestSignalQueriesBadInput(t *testing.T) {
	w := newWorld(t)
	for want, args := range map[string][]string{
		`no preset is called "apache"; there are envoy, haproxy, istio, nginx`: {"apache"},
		"PRESET is missing": {},
		`"proxy" is not LABEL=PATTERN, for example --match namespace=shop`: {"haproxy", "--match", "proxy"},
		`"a(" is no regular expression`:                                    {"haproxy", "--match", "proxy=a("},
		`--slower-than: "5" has no unit`:                                   {"envoy", "--slower-than", "5"},
		`--window: "x" is not a duration`:                                  {"envoy", "--window", "x"},
		"both arms have the label value":                                   {"envoy", "--canary", "checkout"},
	} {
		got := w.run(append([]string{"signal", "queries"}, args...)...)
		if said := strings.Join(strings.Fields(got.errors), " "); got.code != BadUsage || !strings.Contains(said, want) {
			t.Errorf("%v: exit code %d, %s\nwant %s", args, got.code, said, want)
		}
	}
}
