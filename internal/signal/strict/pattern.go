package strict

import (
	"errors"
	"regexp"
	"regexp/syntax"
)

// Compile anchors a pattern (RE2), so that it must match the whole value. It is
// compiled alone first, so that "a)|(b" is not made valid by the anchors, and the
// message holds what the author wrote.
func Compile(pattern string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, err
	}
	return regexp.Compile("^(?:" + pattern + ")$")
}

// Cause is the reason without the pattern, which stands in the message already.
func Cause(err error) string {
	var wrong *syntax.Error
	if errors.As(err, &wrong) {
		return wrong.Code.String()
	}
	return err.Error()
}
