package openmetrics

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

const (
	okURL     = `"url": "http://127.0.0.1:7070/metrics"`
	okArms    = `"arms": {"label": "arm", "baseline": "baseline", "canary": "canary"}`
	okMetrics = `"metrics": {"errors": {"total": {"name": "a_total"}, "bad": {"match": {"code": "5.."}}}}`
)

func TestValidateGood(t *testing.T) {
	cases := map[string]string{
		"preset":              `{` + okURL + `, "preset": "lab"}`,
		"preset and more":     `{` + okURL + `, "preset": "lab", "metrics": {"other": {"histogram": "h_seconds", "match": {"route": "/a.*"}}}}`,
		"preset, other arms":  `{"preset": "lab", "arms": {"baseline_url": "http://a/metrics", "canary_url": "https://b:9000/metrics?x=y"}}`,
		"all by hand":         `{` + okURL + `, ` + okArms + `, ` + okMetrics + `, "timeout": "1m30s", "token": {"env": "A"}}`,
		"nulls are as absent": `{` + okURL + `, "preset": "lab", "token": null, "arms": null, "metrics": null, "timeout": null}`,
		"token by command":    `{` + okURL + `, "preset": "lab", "token": {"command": ["a", "b"]}}`,
	}
	for name, config := range cases {
		t.Run(name, func(t *testing.T) {
			if errs := Validate(json.RawMessage(config)); len(errs) > 0 {
				t.Errorf("Validate() = %v", errs)
			}
		})
	}
}

func TestValidateBad(t *testing.T) {
	metrics := func(m string) string { return `{` + okURL + `, ` + okArms + `, "metrics": {` + m + `}}` }
	lab := func(rest string) string { return `{"preset": "lab", ` + rest + `}` }
	cases := map[string]struct {
		config string
		path   string
		want   []string
	}{
		"nothing":                {``, "", []string{"must be an object"}},
		"a list":                 {`[]`, "", []string{"must be an object"}},
		"unknown key":            {lab(okURL + `, "urls": []`), "urls", []string{`"urls" is not known`, "allowed are arms, metrics, preset, timeout, token, url"}},
		"unknown key below":      {lab(okURL + `, "arms": {"lable": "arm"}`), "arms.lable", []string{"allowed are baseline, baseline_url, canary, canary_url, label"}},
		"wrong type":             {lab(`"url": 7`), "url", []string{"must be a string"}},
		"no url":                 {`{"preset": "lab"}`, "url", []string{"not given", "http://127.0.0.1:7070/metrics"}},
		"a url of ftp":           {lab(`"url": "ftp://a/metrics"`), "url", []string{`scheme "ftp"`, "http and https are allowed"}},
		"a url without a scheme": {lab(`"url": "localhost/metrics"`), "url", []string{"http and https"}},
		"a url without a host":   {lab(`"url": "http:///metrics"`), "url", []string{"names no host"}},
		"a url that is none":     {lab(`"url": "http://a b:` + marker + `"`), "url", []string{"is not a URL"}},
		"a url with a password":  {lab(`"url": "http://me:` + marker + `@a/metrics"`), "url", []string{"user or password", "token by reference"}},
		"a url with a fragment":  {lab(`"url": "http://a/metrics#x"`), "url", []string{"fragment"}},
		"unknown preset":         {`{` + okURL + `, ` + okArms + `, ` + okMetrics + `, "preset": "labs"}`, "preset", []string{`"labs"`, "allowed are lab"}},
		"a preset's metric":      {lab(okURL + `, ` + okMetrics), `metrics["errors"]`, []string{`preset "lab" has a metric of this name`, "errors_own"}},
		"timeout zero":           {lab(okURL + `, "timeout": "0s"`), "timeout", []string{`"0s" is not positive`, `"5s"`}},
		"timeout negative":       {lab(okURL + `, "timeout": "-1s"`), "timeout", []string{"not positive"}},
		"timeout without a unit": {lab(okURL + `, "timeout": "5"`), "timeout", []string{`"5" is not a duration`, "with its unit"}},
		"timeout as a number":    {lab(okURL + `, "timeout": 5`), "timeout", []string{"must be a string"}},
		"two tokens":             {lab(okURL + `, "token": {"env": "A", "file": "b"}`), "token", []string{"exactly one of env, file and command"}},
		"a token itself":         {lab(okURL + `, "token": "` + marker + `"`), "token", []string{"must be an object"}},
		"a token's value":        {lab(okURL + `, "token": {"value": "` + marker + `"}`), "token.value", []string{"allowed are command, env, file"}},
		"no arms":                {`{` + okURL + `, ` + okMetrics + `}`, "arms", []string{"nothing tells the arms apart", "label", "baseline_url"}},
		"empty arms":             {lab(okURL + `, "arms": {}`), "arms", []string{"exactly one of"}},
		"both arms":              {lab(`"arms": {"label": "arm", "baseline": "a", "canary": "b", "canary_url": "http://a"}`), "arms", []string{"both by label and by endpoint", "exactly one"}},
		"no label":               {lab(okURL + `, "arms": {"baseline": "a", "canary": "b"}`), "arms.label", []string{"not given", `label = "arm"`}},
		"a label that is none":   {lab(okURL + `, "arms": {"label": "a-b", "baseline": "a", "canary": "b"}`), "arms.label", []string{`"a-b" is no label name`}},
		"no baseline label":      {lab(okURL + `, "arms": {"label": "arm", "canary": "b"}`), "arms.baseline", []string{"value for the baseline arm is not given", `baseline = "baseline"`}},
		"no canary label":        {lab(okURL + `, "arms": {"label": "arm", "baseline": "b"}`), "arms.canary", []string{"canary arm is not given"}},
		"the same label":         {lab(okURL + `, "arms": {"label": "arm", "baseline": "b", "canary": "b"}`), "arms.canary", []string{"both arms"}},
		"one endpoint":           {lab(`"arms": {"canary_url": "http://a/metrics"}`), "arms.baseline_url", []string{"not given"}},
		"the same endpoint":      {lab(`"arms": {"baseline_url": "http://a", "canary_url": "http://a"}`), "arms.canary_url", []string{"both arms have the same endpoint"}},
		"url beside endpoints":   {lab(okURL + `, "arms": {"baseline_url": "http://a", "canary_url": "http://b"}`), "url", []string{"leave url out"}},
		"no metrics":             {`{` + okURL + `, ` + okArms + `}`, "metrics", []string{"nothing to count", "lab"}},
		"empty metrics":          {metrics(``), "metrics", []string{"nothing to count"}},
		"an empty metric":        {metrics(`"a": {}`), `metrics["a"]`, []string{"nothing to count", "total", "histogram"}},
		"a null metric":          {metrics(`"a": null`), `metrics["a"]`, []string{"null"}},
		"a bad name":             {metrics(`"a/b": {"histogram": "h"}`), `metrics["a/b"]`, []string{"slash"}},
		"both kinds":             {metrics(`"a": {"histogram": "h", "total": {"name": "x"}}`), `metrics["a"]`, []string{"exactly one"}},
		"no total":               {metrics(`"a": {"bad": {"name": "x"}}`), `metrics["a"].total`, []string{"all events is not given"}},
		"no bad":                 {metrics(`"a": {"total": {"name": "x"}}`), `metrics["a"].bad`, []string{"what makes an event bad"}},
		"all bad":                {metrics(`"a": {"total": {"name": "x"}, "bad": {}}`), `metrics["a"].bad`, []string{"every event would be bad"}},
		"all bad by name":        {metrics(`"a": {"total": {"name": "x"}, "bad": {"name": "x"}}`), `metrics["a"].bad`, []string{"every event would be bad"}},
		"no name of total":       {metrics(`"a": {"total": {}, "bad": {"name": "x"}}`), `metrics["a"].total.name`, []string{"not given"}},
		"a name that is none":    {metrics(`"a": {"total": {"name": "x"}, "bad": {"name": "b d"}}`), `metrics["a"].bad.name`, []string{`"b d" is no metric name`}},
		"a histogram of no name": {metrics(`"a": {"histogram": "h-s"}`), `metrics["a"].histogram`, []string{`"h-s" is no metric name`}},
		"match outside":          {metrics(`"a": {"total": {"name": "x"}, "bad": {"name": "y"}, "match": {"a": "b"}}`), `metrics["a"].match`, []string{"put it inside"}},
		"a broken expression":    {metrics(`"a": {"total": {"name": "x"}, "bad": {"match": {"code": "5("}}}`), `metrics["a"].bad.match["code"]`, []string{`"5(" is no regular expression`, "missing closing )", `"5.."`}},
		"parentheses crosswise":  {metrics(`"a": {"total": {"name": "x"}, "bad": {"match": {"code": "a)|(b"}}}`), `metrics["a"].bad.match["code"]`, []string{"unexpected )"}},
		"a pattern of no string": {metrics(`"a": {"histogram": "h", "match": {"code": 5}}`), `metrics["a"].match["code"]`, []string{"must be a string"}},
		"a null pattern":         {metrics(`"a": {"histogram": "h", "match": {"code": null}}`), `metrics["a"].match["code"]`, []string{"null"}},
		"the arms' label":        {metrics(`"a": {"histogram": "h", "match": {"arm": "x"}}`), `metrics["a"].match["arm"]`, []string{"tells the arms apart already"}},
		"the bucket's label":     {metrics(`"a": {"histogram": "h", "match": {"le": "1"}}`), `metrics["a"].match["le"]`, []string{"buckets"}},
		"a label of no name":     {metrics(`"a": {"histogram": "h", "match": {"a b": "1"}}`), `metrics["a"].match["a b"]`, []string{"is no label name"}},
		"unknown metric part":    {metrics(`"a": {"counter": "x"}`), `metrics["a"].counter`, []string{"allowed are bad, histogram, match, total"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			errs := Validate(json.RawMessage(tc.config))
			if len(errs) != 1 || errs[0].Path != tc.path {
				t.Fatalf("Validate() = %#v, want one error at %q", errs, tc.path)
			}
			for _, part := range tc.want {
				if !strings.Contains(errs[0].Msg, part) {
					t.Errorf("message %q does not say %q", errs[0].Msg, part)
				}
			}
			if strings.Contains(errs[0].Msg, marker) {
				t.Errorf("message %q holds a secret", errs[0].Msg)
			}
			if _, err := Driver().Open(t.Context(), json.RawMessage(tc.config), signal.Deps{}); err == nil {
				t.Error("Open() takes what Validate() refuses")
			}
		})
	}
}

func TestValidateTellsAll(t *testing.T) {
	errs := Validate(json.RawMessage(`{"url": "ftp://a", "preset": "x", "arms": {"label": "arm"}, "metrics": {"b": {}, "a": {}}}`))
	var paths []string
	for _, e := range errs {
		paths = append(paths, e.Path)
	}
	want := []string{"preset", "url", "arms.baseline", "arms.canary", `metrics["a"]`, `metrics["b"]`}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestPresetsCanBePrintedAndUsed(t *testing.T) {
	for name, preset := range Presets() {
		raw, err := json.Marshal(preset)
		if err != nil {
			t.Fatal(err)
		}
		var printed map[string]any
		if err := json.Unmarshal(raw, &printed); err != nil {
			t.Fatal(err)
		}
		printed["url"] = "http://127.0.0.1:7070/metrics"
		if raw, err = json.Marshal(printed); err != nil {
			t.Fatal(err)
		}
		if errs := Validate(raw); len(errs) > 0 {
			t.Errorf("the preset %q, written out, is refused: %v", name, errs)
		}
	}
}
