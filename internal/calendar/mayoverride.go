package calendar

import (
	"slices"
	"strings"
)

// MayOverride says whether the actor may override the window for a release.
func (w Window) MayOverride(actor string) bool {
	return w.OverrideBy == nil || slices.ContainsFunc(w.OverrideBy, func(pattern string) bool { return matches(pattern, actor) })
}

// matches says whether a text is what a pattern says, in which "*" stands for any
// text, also none.
func matches(pattern, text string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	if !strings.HasPrefix(text, first) {
		return false
	}
	text = text[len(first):]
	parts := strings.Split(rest, "*")
	last := parts[len(parts)-1]
	for _, part := range parts[:len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, last)
}
