package tfconv

import "strings"

// OneOf writes choices for a description: "`a`, `b` or `c`". Descriptions take
// them from the slices that the validators use, so that they cannot drift apart.
func OneOf(choices []string) string {
	quoted := make([]string, len(choices))
	for i, c := range choices {
		quoted[i] = "`" + c + "`"
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	return strings.Join(quoted[:len(quoted)-1], ", ") + " or " + quoted[len(quoted)-1]
}

// A puts the article before a noun.
func A(noun string) string {
	if strings.ContainsAny(noun[:1], "aeiou") {
		return "an " + noun
	}
	return "a " + noun
}
