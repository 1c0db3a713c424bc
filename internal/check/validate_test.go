package check_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

func TestValidate(t *testing.T) {
	good := check.Check{Name: "health", URL: "https://checkout.example/healthz"}
	if errs := good.Validate(); len(errs) > 0 {
		t.Fatal(errs)
	}
	for name, c := range map[string]struct {
		change func(*check.Check)
		path   string
		says   string
	}{
		"no name":             {func(c *check.Check) { c.Name = "" }, "name", "empty"},
		"no URL":              {func(c *check.Check) { c.URL = "" }, "url", "there is no URL"},
		"a relative URL":      {func(c *check.Check) { c.URL = "/healthz" }, "url", "http or https"},
		"another scheme":      {func(c *check.Check) { c.URL = "ftp://x/y" }, "url", `"ftp"`},
		"a password in it":    {func(c *check.Check) { c.URL = "https://u:p@x/y" }, "url", "token = {"},
		"a fragment":          {func(c *check.Check) { c.URL = "https://x/y#z" }, "url", "fragment"},
		"another method":      {func(c *check.Check) { c.Method = "DELETE" }, "method", "GET, HEAD or POST"},
		"a body with a GET":   {func(c *check.Check) { c.Body = "{}" }, "body", "POST"},
		"a secret header":     {func(c *check.Check) { c.Headers = map[string]string{"authorization": "x"} }, `headers["authorization"]`, "token = {"},
		"a bad header":        {func(c *check.Check) { c.Headers = map[string]string{"a b": "x"} }, `headers["a b"]`, "name of a header"},
		"a bad value":         {func(c *check.Check) { c.Headers = map[string]string{"X-A": "x\ny"} }, `headers["X-A"]`, "character"},
		"half a credential":   {func(c *check.Check) { c.Username = "u" }, "username", "token = {"},
		"no credential":       {func(c *check.Check) { c.Token = &credential.Reference{} }, "token", "exactly one"},
		"a long timeout":      {func(c *check.Check) { c.Timeout = field.Duration(time.Hour) }, "timeout", "100ms to 1m"},
		"a negative timeout":  {func(c *check.Check) { c.Timeout = -1 }, "timeout", "100ms to 1m"},
		"negative attempts":   {func(c *check.Check) { c.Attempts = -1 }, "attempts", "1 to 100"},
		"a negative wait":     {func(c *check.Check) { c.Every = -1 }, "every", "100ms to 10m"},
		"no status":           {func(c *check.Check) { c.Expect.Status = []int{200, 99} }, "expect.status[1]", "100 to 599"},
		"an empty assertion":  {func(c *check.Check) { c.Expect.JSON = map[string]check.Assertion{"a": {}} }, `expect.json["a"]`, "exactly one"},
		"no path":             {func(c *check.Check) { c.Expect.JSON = map[string]check.Assertion{"a..b": is("x")} }, `expect.json["a..b"]`, "joined by dots"},
		"no expression":       {func(c *check.Check) { c.Expect.Headers = map[string]check.Assertion{"A": {Matches: "("}} }, `expect.headers["A"].matches`, "RE2"},
		"JSON of a HEAD":      {func(c *check.Check) { c.Method, c.Expect.JSON = "HEAD", map[string]check.Assertion{"a": is("x")} }, "expect.json", "GET"},
		"beyond the timeout":  {func(c *check.Check) { c.Expect.Within = field.Duration(6 * time.Second) }, "expect.within", "at most the timeout, 5s"},
		"within the negative": {func(c *check.Check) { c.Expect.Within = -1 }, "expect.within", "above 0s"},
	} {
		bad := good
		c.change(&bad)
		errs := bad.Validate()
		if len(errs) != 1 || errs[0].Path != c.path || !strings.Contains(errs[0].Msg, c.says) {
			t.Errorf("%s: %v; want %s: ...%s...", name, errs, c.path, c.says)
		}
		if !strings.Contains(errs.Error(), "for example") && !strings.Contains(errs.Error(), "token = {") && !strings.Contains(errs.Error(), "set method") && !strings.Contains(errs.Error(), "use method") {
			t.Errorf("%s: %v gives no example", name, errs)
		}
	}
}

func TestNormalizeFillsInTheDefaults(t *testing.T) {
	got := check.Check{}.Normalize()
	if got.Method != "GET" || got.Timeout.Std() != check.DefaultTimeout || got.Attempts != check.DefaultAttempts || got.Every.Std() != check.DefaultEvery {
		t.Errorf("%+v", got)
	}
}
