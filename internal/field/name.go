package field

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// MaxName is the greatest length of a name, in characters.
const MaxName = 128

// Name checks the name of a declared object, a service or an environment. It
// returns an empty string for a good one, and otherwise what is wrong, what is
// allowed and an example.
//
// A slash is refused because names are joined by slashes in stream names, import
// ids and on the command line ("checkout/production").
func Name(name string) string {
	const allowed = "; a name has 1 to 128 characters, without slashes, control characters or space at either end, for example \"checkout\""
	if name == "" {
		return "the name is empty" + allowed
	}
	if !utf8.ValidString(name) {
		return "the name is not valid UTF-8" + allowed
	}
	if n := utf8.RuneCountInString(name); n > MaxName {
		return fmt.Sprintf("the name has %d characters%s", n, allowed)
	}
	runes := []rune(name)
	if unicode.IsSpace(runes[0]) || unicode.IsSpace(runes[len(runes)-1]) {
		return fmt.Sprintf("the name %q begins or ends with space%s", name, allowed)
	}
	for _, r := range runes {
		switch {
		case r == '/':
			return fmt.Sprintf("the name %q contains a slash%s", name, allowed)
		case unicode.IsControl(r):
			return fmt.Sprintf("the name %q contains the control character %U%s", name, r, allowed)
		}
	}
	return ""
}
