package prometheus

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

const marker = "m4rker-s3cret"

// with is a good configuration but for what is given; an empty value leaves the
// key out.
func with(t *testing.T, change map[string]string) json.RawMessage {
	t.Helper()
	content := map[string]json.RawMessage{
		"url":     json.RawMessage(`"http://prometheus.internal:9090"`),
		"arms":    json.RawMessage(`{"label": "version", "baseline": "1", "canary": "2"}`),
		"metrics": json.RawMessage(`{"errors": {"total": {"name": "a_total"}, "bad": {"match": {"code": "5.."}}}}`),
	}
	for key, value := range change {
		content[key] = json.RawMessage(value)
		if value == "" {
			delete(content, key)
		}
	}
	raw, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestValidate(t *testing.T) {
	good := map[string]map[string]string{
		"smallest":        {},
		"histogram":       {"metrics": `{"slow": {"histogram": "a_seconds", "unit": "ms", "match": {"code": "200"}}}`},
		"another counter": {"metrics": `{"e": {"total": {"name": "a"}, "bad": {"name": "b"}}}`},
		"preset":          {"metrics": "", "preset": `"envoy"`, "arms": `{"baseline": "a", "canary": "b"}`},
		"preset and more": {"metrics": `{"own": {"histogram": "a"}}`, "preset": `"envoy"`, "match": `{"job": "envoy"}`},
		"preset's match":  {"metrics": "", "preset": `"istio"`, "match": `{"reporter": "source"}`},
		"everything": {"token": `{"env": "A"}`, "timeout": `"2s"`, "stale_after": `"30s"`, "proxy": `"http://proxy:3128"`,
			"url": `"https://metrics.example/tenant"`, "match": `{"namespace": "a|b"}`},
		"basic": {"basic": `{"username": "a", "password": {"file": "/run/x"}}`},
		"nulls": {"token": `null`, "preset": `null`, "match": `null`},
	}
	for name, change := range good {
		t.Run(name, func(t *testing.T) {
			if errs := Validate(with(t, change)); len(errs) > 0 {
				t.Error(errs)
			}
		})
	}
	bad := map[string]struct {
		change     map[string]string
		path, want string
	}{
		"unknown key":        {map[string]string{"query": `"up"`}, "query", `"query" is not known here; allowed are arms, basic, match, metrics, preset, proxy, sigv4, stale_after, timeout, token, url`},
		"wrong type":         {map[string]string{"url": `1`}, "url", "it must be a string"},
		"no url":             {map[string]string{"url": ""}, "url", "the address is not given"},
		"url with password":  {map[string]string{"url": `"http://a:` + marker + `@b"`}, "url", "the secret by reference"},
		"url of the API":     {map[string]string{"url": `"http://b/api/v1"`}, "url", "give the base alone"},
		"url with a query":   {map[string]string{"url": `"http://b/?a=1"`}, "url", "a query or a fragment"},
		"url of a file":      {map[string]string{"url": `"file:///a"`}, "url", `the scheme "file"`},
		"proxy":              {map[string]string{"proxy": `"socks5://x"`}, "proxy", `for example "http://proxy.internal:3128"`},
		"token and basic":    {map[string]string{"token": `{"env": "A"}`, "basic": `{"username": "a", "password": {"env": "B"}}`}, "basic", "exactly one of the two"},
		"token of nothing":   {map[string]string{"token": `{}`}, "token", "names nothing"},
		"basic without user": {map[string]string{"basic": `{"password": {"env": "B"}}`}, "basic.username", "the user is empty"},
		"basic alone":        {map[string]string{"basic": `{"username": "a"}`}, "basic.password", "nothing refers to the password"},
		"timeout":            {map[string]string{"timeout": `"0s"`}, "timeout", "is not positive"},
		"stale_after":        {map[string]string{"stale_after": `"2h"`}, "stale_after", "2h is outside 1s to 1h; give more than the scrape interval"},
		"unknown preset":     {map[string]string{"preset": `"apache"`}, "preset", "allowed are envoy, haproxy, istio, nginx, nginx_plus, opentelemetry, traefik"},
		"no arms":            {map[string]string{"arms": ""}, "arms", "nothing tells the arms apart"},
		"preset without":     {map[string]string{"arms": "", "preset": `"haproxy"`, "metrics": ""}, "arms", `for example arms = { baseline = "old.*", canary = "new.*" }`},
		"no label":           {map[string]string{"arms": `{"baseline": "1", "canary": "2"}`}, "arms.label", "is not given"},
		"bad label":          {map[string]string{"arms": `{"label": "a-b", "baseline": "1", "canary": "2"}`}, "arms.label", "is no label name"},
		"le":                 {map[string]string{"arms": `{"label": "le", "baseline": "1", "canary": "2"}`}, "arms.label", "cannot tell arms apart"},
		"no canary":          {map[string]string{"arms": `{"label": "a", "baseline": "1"}`}, "arms.canary", "for the canary arm is not given"},
		"the same arms":      {map[string]string{"arms": `{"label": "a", "baseline": "1", "canary": "1"}`}, "arms.canary", `both arms have the label value "1"`},
		"everybody's arm":    {map[string]string{"arms": `{"label": "a", "baseline": "1", "canary": ".*"}`}, "arms.canary", "also matches series without the label"},
		"a bad pattern":      {map[string]string{"arms": `{"label": "a", "baseline": "(", "canary": "2"}`}, "arms.baseline", "is no regular expression (missing closing ))"},
		"match of the arms":  {map[string]string{"match": `{"version": "1"}`}, `match["version"]`, "tells the arms apart already"},
		"match of le":        {map[string]string{"match": `{"le": "1"}`}, `match["le"]`, "belongs to a histogram's buckets"},
		"match of a name":    {map[string]string{"match": `{"__name__": "1"}`}, `match["__name__"]`, "is the metric's name"},
		"match of null":      {map[string]string{"match": `{"a": null}`}, `match["a"]`, "the value is null"},
		"matched twice":      {map[string]string{"match": `{"code": "200"}`}, `metrics["errors"].bad.match["code"]`, "is matched for all metrics already"},
		"nothing to count":   {map[string]string{"metrics": ""}, "metrics", "there is nothing to count"},
		"taken":              {map[string]string{"preset": `"haproxy"`}, `metrics["errors"]`, `for example "errors_own"`},
		"an empty metric":    {map[string]string{"metrics": `{"a": {}}`}, `metrics["a"]`, "says nothing to count"},
		"both kinds":         {map[string]string{"metrics": `{"a": {"total": {"name": "x"}, "histogram": "y"}}`}, `metrics["a"]`, "exactly one of the two"},
		"no total":           {map[string]string{"metrics": `{"a": {"bad": {"name": "x"}}}`}, `metrics["a"].total`, "is not given"},
		"no bad":             {map[string]string{"metrics": `{"a": {"total": {"name": "x"}}}`}, `metrics["a"].bad`, "what makes an event bad"},
		"all is bad":         {map[string]string{"metrics": `{"a": {"total": {"name": "x"}, "bad": {}}}`}, `metrics["a"].bad`, "every event would be bad"},
		"a query as name":    {map[string]string{"metrics": `{"a": {"histogram": "rate(x[5m])"}}`}, `metrics["a"].histogram`, "is no metric name"},
		"unit":               {map[string]string{"metrics": `{"a": {"histogram": "x", "unit": "us"}}`}, `metrics["a"].unit`, "allowed are s and ms"},
		"unit of counters":   {map[string]string{"metrics": `{"a": {"total": {"name": "x"}, "bad": {"name": "y"}, "unit": "s"}}`}, `metrics["a"].unit`, "means nothing"},
		"match of counters":  {map[string]string{"metrics": `{"a": {"total": {"name": "x"}, "bad": {"name": "y"}, "match": {"c": "d"}}}`}, `metrics["a"].match`, "put it inside total or bad"},
		"a slash":            {map[string]string{"metrics": `{"a/b": {"histogram": "x"}}`}, `metrics["a/b"]`, "contains a slash"},
	}
	for name, tc := range bad {
		t.Run(name, func(t *testing.T) {
			raw := with(t, tc.change)
			errs := Validate(raw)
			if len(errs) != 1 || errs[0].Path != tc.path || !strings.Contains(errs[0].Msg, tc.want) {
				t.Fatalf("Validate() = %v, want at %q: %q", errs, tc.path, tc.want)
			}
			if strings.Contains(errs[0].Msg, marker) {
				t.Errorf("message %q holds a secret", errs[0].Msg)
			}
			if _, err := Driver().Open(t.Context(), raw, signal.Deps{}); err == nil {
				t.Error("Open() takes what Validate() refuses")
			}
		})
	}
}

// TestSelectors tells what is asked, so that one question has all metrics.
func TestSelectors(t *testing.T) {
	p, errs := parse(with(t, map[string]string{
		"match": `{"namespace": "shop"}`,
		"metrics": `{"errors": {"total": {"name": "a_total", "match": {"route": "/x|/y"}}, "bad": {"name": "b_total", "match": {"route": "/z"}}},
			"slow": {"histogram": "h", "match": {"code": "200"}}}`,
	}))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var all []query
	for _, m := range p.metrics {
		all = append(all, query{metric: m})
	}
	bounds := map[string]bound{"slow": {Seconds: 1, Texts: []string{"1", "1.0"}}}
	for want, queries := range map[string][]query{
		`{__name__=~"a_total|b_total",namespace="shop",version=~"1|2",le="",route=~"(?:/x|/y)|/z"}`:         all[:1],
		`{__name__=~"h_bucket|h_count",namespace="shop",version=~"1|2",code="200",le=~"|(?:1|1\\.0)"}`:      all[1:],
		`{__name__=~"a_total|b_total|h_bucket|h_count",namespace="shop",version=~"1|2",le=~"|(?:1|1\\.0)"}`: all,
	} {
		if got := p.selectorOf(wants(queries, bounds)); got != want {
			t.Errorf("selector\n%s, want\n%s", got, want)
		}
	}
}
