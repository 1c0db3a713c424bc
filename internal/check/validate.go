package check

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/jsonvalue"
)

// secretHeaders are those that hold credentials by their nature. They would end in
// state and ledger.
var secretHeaders = []string{"authorization", "proxy-authorization", "cookie", "x-api-key"}

// Validate says what is wrong with a check, relative to it. It asks nobody.
func (c Check) Validate() field.Errors {
	var errs field.Errors
	add := func(path, msg string) {
		if msg != "" {
			errs = append(errs, field.Error{Path: path, Msg: msg})
		}
	}
	add("name", field.Name(c.Name))
	add("url", field.HTTPURL(c.URL, "https://checkout.example/healthz", "CHECK_TOKEN", "leave it out"))
	if c.Method != "" && !slices.Contains([]string{"GET", "HEAD", "POST"}, c.Method) {
		add("method", fmt.Sprintf("%q is not a method of a check; it must be GET, HEAD or POST, for example \"GET\"", c.Method))
	}
	if c.Body != "" && c.Method != "POST" {
		add("body", "only a POST has a body; leave it out, or set method = \"POST\"")
	}
	if len(c.Body) > MaxRequestBody {
		add("body", fmt.Sprintf("the body has %d bytes; at most %d are sent, for example jsonencode({ probe = true })", len(c.Body), MaxRequestBody))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		add(fmt.Sprintf("headers[%q]", name), headerProblem(name, c.Headers[name]))
	}
	if c.Token != nil {
		errs = append(errs, c.Token.Validate().Under("token")...)
	} else if c.Username != "" {
		add("username", "there is no password to this user; refer to it, for example token = { env = \"CHECK_PASSWORD\" }")
	}
	add("timeout", between(c.Timeout, MinTimeout, MaxTimeout, "5s"))
	if c.Attempts < 0 || c.Attempts > MaxAttempts {
		add("attempts", fmt.Sprintf("%d is not a number of attempts; it must be from 1 to %d, for example 3", c.Attempts, MaxAttempts))
	}
	add("every", between(c.Every, MinTimeout, MaxEvery, "2s"))
	return append(errs, c.Expect.validate(c.Method, c.Timeout).Under("expect")...)
}

func (e Expect) validate(method string, timeout field.Duration) field.Errors {
	var errs field.Errors
	for i, s := range e.Status {
		if s < 100 || s > 599 {
			errs = append(errs, field.Error{Path: fmt.Sprintf("status[%d]", i), Msg: fmt.Sprintf("%d is not an HTTP status; it must be from 100 to 599, for example 200", s)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		path := fmt.Sprintf("headers[%q]", name)
		if !httpguts.ValidHeaderFieldName(name) {
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("%q is not the name of a header; for example \"Content-Type\"", name)})
		}
		errs = append(errs, e.Headers[name].validate().Under(path)...)
	}
	for _, at := range slices.Sorted(maps.Keys(e.JSON)) {
		path := fmt.Sprintf("json[%q]", at)
		if !jsonvalue.Path.MatchString(at) {
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("%q is not a path; it has names joined by dots, for example \"checks.0.state\"", at)})
		}
		errs = append(errs, e.JSON[at].validate().Under(path)...)
	}
	if len(e.JSON) > 0 && method == "HEAD" {
		errs = append(errs, field.Error{Path: "json", Msg: "the answer to a HEAD has no body; use method = \"GET\""})
	}
	if len(e.JSON) > MaxAssertions || len(e.Headers) > MaxAssertions || len(e.Status) > MaxAssertions {
		errs = append(errs, field.Error{Msg: fmt.Sprintf("there are more than %d assertions of one kind; keep those that matter, for example status = [200]", MaxAssertions)})
	}
	if limit := (Check{Timeout: timeout}).Normalize().Timeout; e.Within < 0 || limit > 0 && e.Within > limit {
		errs = append(errs, field.Error{Path: "within", Msg: fmt.Sprintf("%s is not a time within which the answer can come; it must be above 0s and at most the timeout, %s, for example \"500ms\"", e.Within, limit)})
	}
	return errs
}

func (a Assertion) validate() field.Errors {
	if (a.Equals == nil) == (a.Matches == "") {
		return field.Errors{{Msg: "exactly one of equals and matches says what is expected; for example equals = \"ok\""}}
	}
	if a.Matches != "" {
		if _, err := a.pattern(); err != nil {
			return field.Errors{{Path: "matches", Msg: fmt.Sprintf("%q is not a regular expression of RE2's kind; for example \"application/json.*\"", a.Matches)}}
		}
	}
	return nil
}

// pattern matches the whole text.
func (a Assertion) pattern() (*regexp.Regexp, error) {
	return regexp.Compile(`\A(?:` + a.Matches + `)\z`)
}

func between(d field.Duration, least, most time.Duration, example string) string {
	if d != 0 && (d.Std() < least || d.Std() > most) {
		return fmt.Sprintf("%s is out of bounds; it must be from %s to %s, for example %q", d, field.FormatDuration(least), field.FormatDuration(most), example)
	}
	return ""
}

func headerProblem(name, value string) string {
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return fmt.Sprintf("%q is not the name of a header; for example \"X-Canary\"", name)
	case slices.Contains(secretHeaders, strings.ToLower(name)):
		return fmt.Sprintf("the header %s would keep a secret in state and ledger; refer to it instead, for example token = { env = \"CHECK_TOKEN\" }", name)
	case !httpguts.ValidHeaderFieldValue(value):
		return "the value holds a character that no header may have; for example \"canary\""
	}
	return ""
}
