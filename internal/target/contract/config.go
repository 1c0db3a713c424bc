// Package contract is the driver for anything that answers the deployment
// contract, docs/contract: one HTTP call for each verb of the Target port.
package contract

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// Config is what an author writes: target = { contract = {...} }. It holds no
// secret.
type Config struct {
	// URL is the base below which /v1/... lies: "https://deploy.example/checkout".
	URL string `json:"url"`
	// Token refers to the bearer token; nil sends none.
	Token *credential.Reference `json:"token,omitempty"`
	// Timeout bounds one call: a duration such as "5s". Empty means
	// DefaultTimeout.
	Timeout string `json:"timeout,omitempty"`
}

// DefaultTimeout bounds one call when the author does not say.
const DefaultTimeout = 5 * time.Second

// The range in which a timeout makes sense: a lease must outlive the longest
// call.
const (
	minTimeout = 100 * time.Millisecond
	maxTimeout = time.Minute
)

const exampleURL = "; for example \"https://deploy.example/checkout\""

// Validate checks a configuration without touching anything.
func Validate(raw json.RawMessage) field.Errors { return wire.Validate(raw, parse, Config.validate) }

func parse(raw json.RawMessage) (Config, error) {
	return wire.Parse[Config](raw, Name, "url, token and timeout, for example {\"url\": \"http://127.0.0.1:7070\"}")
}

func (c Config) validate() field.Errors {
	var errs field.Errors
	if msg := urlProblem(c.URL); msg != "" {
		errs = append(errs, field.Error{Path: "url", Msg: msg})
	}
	if c.Token != nil {
		errs = append(errs, c.Token.Validate().Under("token")...)
	}
	if _, err := c.timeout(); err != nil {
		errs = append(errs, field.Error{Path: "timeout", Msg: err.Error()})
	}
	return errs
}

func (c Config) timeout() (time.Duration, error) {
	if c.Timeout == "" {
		return DefaultTimeout, nil
	}
	const allowed = "; it must be a duration between 100ms and 1m, for example \"5s\""
	d, err := time.ParseDuration(c.Timeout)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration%s", c.Timeout, allowed)
	}
	if d < minTimeout || d > maxTimeout {
		return 0, fmt.Errorf("the timeout is %s%s", c.Timeout, allowed)
	}
	return d, nil
}

// urlProblem says what is wrong with a base URL. It never repeats what could
// hold a password.
func urlProblem(raw string) string {
	if raw == "" {
		return "the URL is empty; it must be absolute, with http or https" + exampleURL
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "the URL cannot be parsed; it must be absolute, with http or https" + exampleURL
	case u.User != nil:
		return "the URL holds a user or password, which would be kept in state and ledger; refer to a secret with token = { env = \"DEPLOY_TOKEN\" }" + exampleURL
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Sprintf("the URL's scheme is %q; it must be http or https%s", u.Scheme, exampleURL)
	case u.Host == "" || u.Hostname() == "":
		return "the URL names no host; it must be absolute" + exampleURL
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "the URL has a query or a fragment; it must be the base to which /v1/... is added" + exampleURL
	}
	return ""
}
