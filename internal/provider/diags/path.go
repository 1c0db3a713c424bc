// Package diags puts what went wrong into Terraform's words: on the attribute
// where there is one, with what happened, what to do, and the original error.
package diags

import (
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Path reads a field's path, "canary.steps[2].weight" or `metrics["a.b"].ceiling`,
// below base. What it cannot read ends the path, so that a message is at least
// near its attribute.
func Path(base path.Path, text string) path.Path {
	for text != "" {
		switch {
		case text[0] == '.':
			text = text[1:]
		case text[0] == '[':
			var ok bool
			if base, text, ok = index(base, text); !ok {
				return base
			}
		default:
			end := strings.IndexAny(text, ".[")
			if end < 0 {
				end = len(text)
			}
			base, text = base.AtName(text[:end]), text[end:]
		}
	}
	return base
}

// index reads "[2]" or `["name"]` at the beginning of a text.
func index(base path.Path, text string) (path.Path, string, bool) {
	if strings.HasPrefix(text, `["`) {
		quoted, err := strconv.QuotedPrefix(text[1:])
		rest := text[1+len(quoted):]
		key, unquoteErr := strconv.Unquote(quoted)
		if err != nil || unquoteErr != nil || !strings.HasPrefix(rest, "]") {
			return base, "", false
		}
		return base.AtMapKey(key), rest[1:], true
	}
	inside, rest, ok := strings.Cut(text[1:], "]")
	n, err := strconv.Atoi(inside)
	if !ok || err != nil {
		return base, "", false
	}
	return base.AtListIndex(n), rest, true
}

// Fields turns what is wrong with an object's fields into errors on its
// attributes. An error of the object as a whole stands at base.
func Fields(base path.Path, summary string, errs field.Errors) diag.Diagnostics {
	var out diag.Diagnostics
	for _, e := range errs {
		at := Path(base, e.Path)
		if len(at.Steps()) == 0 {
			out.AddError(summary, e.Msg)
			continue
		}
		out.AddAttributeError(at, summary, e.Msg)
	}
	return out
}
