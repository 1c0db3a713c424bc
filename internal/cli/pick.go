package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
)

// oneOf picks the payload that name means: a version, a label, a reference, or the
// beginning of a digest of at least four digits. An empty name is the only one
// there is. None, or several, are an error that lists what there is.
func oneOf(list []artifact.Payload, name, what string) (artifact.Payload, error) {
	var found []artifact.Payload
	for _, p := range list {
		same := func(q artifact.Payload) bool { return q.Same(p) }
		if (name == "" || p.Answers(name)) && !slices.ContainsFunc(found, same) {
			found = append(found, p)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	names := describe(list)
	if len(found) > 1 {
		names = describe(found)
	}
	switch {
	case len(list) == 0:
		return artifact.Payload{}, errors.New("there is no " + what)
	case len(found) == 0:
		return artifact.Payload{}, badInput("%q is no %s; allowed is one of %s", name, what, names)
	default:
		return artifact.Payload{}, badInput("there is more than one %s: name one by its digest, of %s", what, names)
	}
}

// describe lists payloads by label and short digest, each once.
func describe(list []artifact.Payload) string {
	var names []string
	for _, p := range list {
		names = append(names, p.Label()+" ("+artifact.Short(p.Digest())+")")
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}
