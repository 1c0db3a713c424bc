package target

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// MaxCohortText bounds the name and the value of a cohort, in bytes.
const MaxCohortText = 128

var (
	// token is what HTTP allows in the name of a header or a cookie.
	token = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
	// headerValue is printable ASCII without blanks at its ends, which no proxy
	// keeps.
	headerValue = regexp.MustCompile(`^[!-~]([ -~]*[!-~])?$`)
	// cookieValue is what RFC 6265 allows.
	cookieValue = regexp.MustCompile(`^[!#-+\--:<-\[\]-~]+$`)
)

// secretHeaders carry secrets, and a cohort's value stands in state and ledger.
// Host and Content-Length say something else than who asks.
var secretHeaders = []string{"authorization", "proxy-authorization", "cookie", "host", "content-length"}

const exampleCohort = `; for example { header = "X-Beta", value = "1" } or { cookie = "beta", value = "1" }`

// Validate checks a traffic state without looking at a target: the paths of its
// errors are the JSON names.
func (s TrafficState) Validate() field.Errors {
	var errs field.Errors
	errs = append(errs, percent("weight", s.Weight)...)
	if s.Cohort != nil {
		errs = append(errs, s.Cohort.Validate().Under("cohort")...)
	}
	errs = append(errs, percent("mirror", s.Mirror)...)
	if s.Batch != nil {
		errs = append(errs, percent("batch.share", s.Batch.Share)...)
		errs = append(errs, percent("batch.min_healthy", s.Batch.MinHealthy)...)
	}
	return errs
}

func percent(path string, v float64) field.Errors {
	if math.IsNaN(v) || v < 0 || v > 100 {
		return field.Errors{{Path: path, Msg: fmt.Sprintf("%g is not between 0 and 100", v)}}
	}
	return nil
}

// Validate checks that a cohort names one header or cookie, and a value that a
// request can have. The paths of its errors are header, cookie and value.
func (c Cohort) Validate() field.Errors {
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...) + exampleCohort})
	}
	switch {
	case (c.Header == "") == (c.Cookie == ""):
		add("", "exactly one of header and cookie must be given")
	case c.Header != "" && (!token.MatchString(c.Header) || len(c.Header) > MaxCohortText):
		add("header", "%.80q is not the name of a header", c.Header)
	case slices.Contains(secretHeaders, strings.ToLower(c.Header)):
		add("header", "a cohort cannot be chosen by the header %s: it holds secrets, which would be kept in state and ledger, or says nothing of who asks", c.Header)
	case c.Cookie != "" && (!token.MatchString(c.Cookie) || len(c.Cookie) > MaxCohortText):
		add("cookie", "%.80q is not the name of a cookie", c.Cookie)
	}
	allowed, what := headerValue, "it must be printable ASCII, without blanks at its ends"
	if c.Cookie != "" {
		allowed, what = cookieValue, "it must be printable ASCII, without blanks, quotes, commas, semicolons and backslashes"
	}
	if !allowed.MatchString(c.Value) || len(c.Value) > MaxCohortText {
		add("value", "%.80q is not a value that a request can have: %s, from 1 to %d characters", c.Value, what, MaxCohortText)
	}
	return errs
}

// String names the cohort for messages: `X-Beta: 1` or `the cookie beta=1`.
func (c Cohort) String() string {
	if c.Header != "" {
		return c.Header + ": " + c.Value
	}
	return "the cookie " + c.Cookie + "=" + c.Value
}

// Same reports whether both match the same requests. Names of headers are the
// same in capitals; names of cookies are not.
func (c *Cohort) Same(o *Cohort) bool {
	if c == nil || o == nil {
		return c == o
	}
	return strings.EqualFold(c.Header, o.Header) && c.Cookie == o.Cookie && c.Value == o.Value
}

// Plain reports whether nothing but the weight is set.
func (s TrafficState) Plain() bool { return s.Cohort == nil && s.Mirror == 0 && s.Batch == nil }

// Lacks names the capabilities, by their JSON names, that the state needs and the
// target does not have.
func (s TrafficState) Lacks(c Capabilities) []string {
	var out []string
	for _, need := range []struct {
		name         string
		needs, there bool
	}{
		{"cohorts", s.Cohort != nil, c.Cohorts}, {"mirror", s.Mirror > 0, c.Mirror}, {"batches", s.Batch != nil, c.Batches},
	} {
		if need.needs && !need.there {
			out = append(out, need.name)
		}
	}
	return out
}

// Exposed reports whether users may reach the canary: by its weight or by a
// cohort. A mirror exposes nobody, since its answers are thrown away.
func (o Observation) Exposed() bool {
	return o.Canary != nil && (o.Canary.Weight > 0 || o.Traffic != nil && o.Traffic.Cohort != nil)
}
