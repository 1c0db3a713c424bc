// Package pattern has regular expressions that are compiled when they are first used.
// A provider is started several times for each command of Terraform, and most of what
// it could check is not in a configuration: compiled at the start, the patterns cost an
// eighth of the time until the schema is there.
package pattern

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression. It is safe for concurrent use.
type Pattern struct{ compiled func() *regexp.Regexp }

// New makes a pattern of an expression in the syntax of package regexp. One that is
// malformed panics when it is first used, so whoever declares one has a test that uses
// it.
func New(expression string) Pattern {
	return Pattern{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })}
}

// MatchString reports whether s contains a match.
func (p Pattern) MatchString(s string) bool { return p.compiled().MatchString(s) }

// FindStringSubmatch gives the first match in s and its groups, nil for none.
func (p Pattern) FindStringSubmatch(s string) []string { return p.compiled().FindStringSubmatch(s) }

// FindString gives the first match in s, empty for none.
func (p Pattern) FindString(s string) string { return p.compiled().FindString(s) }

// ReplaceAllString replaces each match in s; $1 in the replacement is a group.
func (p Pattern) ReplaceAllString(s, with string) string {
	return p.compiled().ReplaceAllString(s, with)
}
