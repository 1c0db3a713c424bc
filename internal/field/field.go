// Package field holds the one way in which a part of Sluice says what is wrong
// with what an author wrote, so that the provider can put it on the attribute
// and the command line on the flag.
package field

import "strings"

// Error says what is wrong with one field. It never holds a secret value.
type Error struct {
	// Path names the field in dots and brackets, relative to the object that was
	// checked: "steps[2].weight". Empty means the object as a whole.
	Path string `json:"path"`
	// Msg says what was wrong, what is allowed, and gives an example.
	Msg string `json:"message"`
}

// Error implements error.
func (e Error) Error() string {
	if e.Path == "" {
		return e.Msg
	}
	return e.Path + ": " + e.Msg
}

// Errors is a list of problems in the order in which the fields stand.
type Errors []Error

// Error implements error. It is empty for an empty list; use Err to get nil.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Err returns the list as an error, or nil when nothing is wrong.
func (es Errors) Err() error {
	if len(es) == 0 {
		return nil
	}
	return es
}

// Under returns the list with every path put below prefix.
func (es Errors) Under(prefix string) Errors {
	out := make(Errors, len(es))
	for i, e := range es {
		switch {
		case e.Path == "":
			e.Path = prefix
		case strings.HasPrefix(e.Path, "["):
			e.Path = prefix + e.Path
		default:
			e.Path = prefix + "." + e.Path
		}
		out[i] = e
	}
	return out
}
