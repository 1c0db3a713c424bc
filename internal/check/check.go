// Package check asks a running service questions over HTTP and holds the answers
// against what the author expects: status, headers, JSON and latency. What could
// not be asked is unknown, and never a pass.
package check

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Check is one question and what is expected of the answer.
type Check struct {
	// Name says what is checked, for people and records.
	Name string `json:"name"`
	// URL is asked; http or https, without user, password and fragment.
	URL string `json:"url"`
	// Method is GET (the default), HEAD or POST.
	Method string `json:"method,omitempty"`
	// Headers are sent. They hold no secrets: those are referred to by Token.
	Headers map[string]string `json:"headers,omitempty"`
	// Body is sent with a POST.
	Body string `json:"body,omitempty"`
	// Token refers to a bearer token, or to the password of Username.
	Token    *credential.Reference `json:"token,omitempty"`
	Username string                `json:"username,omitempty"`
	// Timeout bounds one attempt, MinTimeout to MaxTimeout; 0 takes DefaultTimeout.
	Timeout field.Duration `json:"timeout,omitempty"`
	// Attempts is how often it is asked until it passes, 1 to MaxAttempts; 0 takes
	// DefaultAttempts. Every is the time between two attempts, up to MaxEvery; 0
	// takes DefaultEvery. Whoever runs the check does the waiting.
	Attempts int            `json:"attempts,omitempty"`
	Every    field.Duration `json:"every,omitempty"`
	// Expect is what the answer must be.
	Expect Expect `json:"expect"`
}

// Expect is what an answer must be. All that is given must hold.
type Expect struct {
	// Status lists the statuses of which the answer has one, 100 to 599. Empty means
	// any from 200 to 299.
	Status []int `json:"status,omitempty"`
	// Headers holds what is expected of headers, by name, whatever its case.
	Headers map[string]Assertion `json:"headers,omitempty"`
	// JSON holds what is expected at dotted paths of the body: "checks.0.state".
	JSON map[string]Assertion `json:"json,omitempty"`
	// Within is the longest time to the end of the answer; 0 leaves it to Timeout.
	Within field.Duration `json:"within,omitempty"`
}

// Assertion says what one value must be. Exactly one field is set.
type Assertion struct {
	// Equals is the value as text; numbers are compared as numbers.
	Equals *string `json:"equals,omitempty"`
	// Matches is a regular expression (RE2) that the whole text must match.
	Matches string `json:"matches,omitempty"`
}

// The defaults and bounds of a check.
const (
	DefaultTimeout  = 5 * time.Second
	MinTimeout      = 100 * time.Millisecond
	MaxTimeout      = time.Minute
	DefaultAttempts = 3
	MaxAttempts     = 100
	DefaultEvery    = 2 * time.Second
	MaxEvery        = 10 * time.Minute
	// MaxBody is the greatest answer that is read for JSON, in bytes.
	MaxBody = 1 << 20
	// MaxAssertions is the most of each kind, MaxRequestBody the longest body sent.
	MaxAssertions  = 100
	MaxRequestBody = 64 << 10
)

// Normalize fills in the defaults, so that what is frozen keeps its meaning when
// a default changes.
func (c Check) Normalize() Check {
	if c.Method == "" {
		c.Method = "GET"
	}
	if c.Timeout == 0 {
		c.Timeout = field.Duration(DefaultTimeout)
	}
	if c.Attempts == 0 {
		c.Attempts = DefaultAttempts
	}
	if c.Every == 0 {
		c.Every = field.Duration(DefaultEvery)
	}
	return c
}

// Status is the answer to a check.
type Status string

// The three answers. Fail means that the service answered otherwise than
// expected, Unknown that it could not be asked or did not answer in time.
const (
	Pass    Status = "pass"
	Fail    Status = "fail"
	Unknown Status = "unknown"
)

// Result is what one attempt found.
type Result struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	// Reason says what was found, without bodies, queries or secrets: "status 503;
	// expected 200 to 299".
	Reason string `json:"reason"`
	// Took is the time to the end of the answer, or until it was given up.
	Took field.Duration `json:"took"`
	// HTTPStatus is the answer's, 0 where there was none.
	HTTPStatus int `json:"http_status,omitempty"`
}

// Passed reports whether the answer was as expected.
func (r Result) Passed() bool { return r.Status == Pass }
