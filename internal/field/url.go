package field

import (
	"fmt"
	"net/url"
)

// HTTPURL checks the URL of something that is only read: absolute, with http or
// https, without user, password and fragment. It returns an empty string for a good
// one, and otherwise what is wrong, what is allowed and the example. The variable is
// what a reference to a secret may be called, and instead what to do without a
// fragment.
func HTTPURL(raw, example, variable, instead string) string {
	example = fmt.Sprintf("; for example %q", example)
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return "there is no URL; it must be absolute, with http or https" + example
	case err != nil:
		return "the URL cannot be parsed; it must be absolute, with http or https" + example
	case u.User != nil:
		return fmt.Sprintf("the URL holds a user or password, which would be kept in state and ledger; refer to a secret with token = { env = %q }%s", variable, example)
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Sprintf("the URL's scheme is %q; it must be http or https%s", u.Scheme, example)
	case u.Hostname() == "":
		return "the URL names no host; it must be absolute" + example
	case u.Fragment != "":
		return "the URL has a fragment, which no server sees; " + instead + example
	}
	return ""
}
