// Package scope is the order of those who share releases: an organisation, its
// business units, their teams. Each has a ledger of its own, since that is what stores
// grant permissions on. What a higher one declares holds below; a lower one can add and
// tighten, and never loosen. A workspace needs read access to what is above it, and
// there is nothing central that must run.
package scope

import (
	"fmt"
	"regexp"
	"strings"
)

// Path names a scope by those it is in: "acme", "acme/retail", "acme/retail/checkout".
// The empty Path is a ledger of nobody in particular.
type Path string

// MaxDepth bounds how many scopes lie in one another.
const MaxDepth = 5

var part = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

const allowed = `; a scope is a path of 1 to 5 names, each of 1 to 63 lower-case letters, digits and dashes, the organisation first, for example "acme/retail/checkout"`

// ParsePath reads a scope. Its error says what was wrong, what is allowed, and gives an
// example.
func ParsePath(text string) (Path, error) {
	names := strings.Split(text, "/")
	if text == "" {
		return "", fmt.Errorf("the scope is empty%s", allowed)
	}
	if len(names) > MaxDepth {
		return "", fmt.Errorf("the scope %.80q has %d names%s", text, len(names), allowed)
	}
	for _, name := range names {
		if !part.MatchString(name) {
			return "", fmt.Errorf("the scope %.80q has the part %.40q%s", text, name, allowed)
		}
	}
	return Path(text), nil
}

// Organisation is the first name.
func (p Path) Organisation() Path {
	first, _, _ := strings.Cut(string(p), "/")
	return Path(first)
}

// Base is the last name.
func (p Path) Base() Path { return p[strings.LastIndexByte(string(p), '/')+1:] }

// Depth is the number of names; 0 for the empty path.
func (p Path) Depth() int {
	if p == "" {
		return 0
	}
	return strings.Count(string(p), "/") + 1
}

// Below says whether p lies in other, at whatever depth. No scope is below itself.
func (p Path) Below(other Path) bool {
	return other != "" && strings.HasPrefix(string(p), string(other)+"/")
}

// Name is how an object of this scope is called from below: "acme/black-friday". No
// name of an object has a slash, so it cannot be mistaken for one from below.
func (p Path) Name(object string) string {
	if p == "" {
		return object
	}
	return string(p) + "/" + object
}

// SplitName takes apart what Name made; the path is empty for an object of one's own.
func SplitName(name string) (Path, string) {
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return "", name
	}
	return Path(name[:i]), name[i+1:]
}
