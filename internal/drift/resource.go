package drift

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/jsonvalue"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
)

// Resource is a resource of AWS whose properties must be as declared. Cloud Control
// reads it, by its type of CloudFormation and its identifier.
type Resource struct {
	// AWS says where it is and by whose right it is read: awscloud.Settings. It is
	// checked by whoever reads.
	AWS json.RawMessage `json:"aws"`
	// Type is "AWS::SQS::Queue".
	Type string `json:"type"`
	// Identifier is the type's primary identifier; where that has several parts they
	// are joined by "|". It has 1 to 1024 characters.
	Identifier string `json:"identifier"`
	// Paths holds what is expected at dotted paths below the properties. A property
	// that is not there is met by "null".
	Paths map[string]Expectation `json:"paths"`
}

// MaxResources is how many resources a check may have.
const MaxResources = 200

// maxIdentifier is AWS's own bound, in characters.
const maxIdentifier = 1024

// ErrGone is why there is nothing to read: what was asked for is surely not there. That
// is a difference, and not unknown.
var ErrGone = errors.New("it is not there")

// AtError is why something could not be read, with the attribute below what is declared
// that an author would mend: "aws.region", "identifier".
type AtError struct {
	At  string
	Err error
}

// Error implements error.
func (e *AtError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *AtError) Unwrap() error { return e.Err }

// atOf is the attribute of the first *AtError in err's chain.
func atOf(err error) string {
	var e *AtError
	if errors.As(err, &e) {
		return e.At
	}
	return ""
}

var (
	typeName     = pattern.New(`^[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}$`)
	identifierOf = pattern.New(`^[^\x00-\x1f]+$`)
)

func (r Resource) validate() field.Errors {
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	if len(r.AWS) == 0 {
		add("aws", "it does not say where the resource is; for example aws = { region = \"eu-central-1\" }")
	}
	if !typeName.MatchString(r.Type) {
		add("type", "%.80q is not a type of CloudFormation; it has three names joined by two colons, for example \"AWS::SQS::Queue\"", r.Type)
	}
	if !identifierOf.MatchString(r.Identifier) || len([]rune(r.Identifier)) > maxIdentifier {
		add("identifier", "an identifier has 1 to %d characters in one line; for example the URL of a queue, or \"production|checkout\" where it has two parts", maxIdentifier)
	}
	if len(r.Paths) == 0 {
		add("paths", "nothing of the resource is declared, so nothing would be compared; for example paths = { VisibilityTimeout = { equals = 30 } }")
	}
	return append(errs, expectations("paths", r.Paths)...)
}

// compare holds the properties against what is declared. What cannot be read is one
// unknown difference, whatever is declared.
func (r Resource) compare(name string, content Content) []Finding {
	if content.Err != nil {
		return []Finding{notThere(name, r.Type+" "+r.Identifier, content.Err)}
	}
	tree, err := jsonvalue.Decode(content.Bytes)
	if err != nil {
		// The decoder's words can hold a piece of the content.
		return []Finding{unreadable(name, errors.New("AWS's answer is not one JSON document"))}
	}
	var out []Finding
	for _, path := range slices.Sorted(maps.Keys(r.Paths)) {
		want, full := r.Paths[path], name+"."+path
		// AWS leaves out what is not set.
		got, found := jsonvalue.Find(tree, path)
		switch {
		case want.met(got), want.Equals != nil && jsonvalue.Alike(got, *want.Equals, want.Unordered):
		case !found:
			out = append(out, Finding{Difference: Difference{full, want.shown(), None}, Kind: KindMissing, Digest: hash(None), digest: hash(None)})
		default:
			out = append(out, want.difference(full, got))
		}
	}
	return out
}

// notThere is the finding of something that could not be read: that it is gone, where
// that is certain, and else that nobody can tell.
func notThere(name, what string, err error) Finding {
	if !errors.Is(err, ErrGone) {
		return unreadable(name, err)
	}
	return Finding{Difference: Difference{name, jsonvalue.Clip(what), None}, Kind: KindMissing, Note: err.Error(), At: atOf(err), Digest: hash(None), digest: hash(None)}
}
