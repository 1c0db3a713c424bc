package awscloud

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// MaxSessionPolicy is how many characters the policy of a session may have. AWS also
// packs it together with the session's tags, and refuses what is then too large; how
// large that is, only STS can tell.
const MaxSessionPolicy = 2048

// Statement is one of a policy document of IAM.
type Statement struct {
	Sid              string `json:",omitempty"`
	Effect           string
	Action, Resource []string
	// Condition has a text, or a list of texts, for each key of each operator.
	Condition map[string]map[string]any `json:",omitempty"`
}

// policy is a policy document of IAM.
type policy struct {
	Version   string
	Statement []Statement
}

// policyVersion is that of IAM's language.
const policyVersion = "2012-10-17"

// Document writes a policy document, without any white space and without the names of
// its statements, which are for people: a session's policy is counted by its characters.
func Document(statements []Statement) (string, error) {
	short := slices.Clone(statements)
	for i := range short {
		short[i].Sid = ""
	}
	text, err := json.Marshal(policy{policyVersion, short})
	return string(text), err
}

// Policy writes a policy document for people to read and to copy.
func Policy(statements []Statement) (string, error) {
	text, err := json.MarshalIndent(policy{policyVersion, statements}, "", "  ")
	return string(text) + "\n", err
}

// Grant is what one rollout needs to be allowed. The role's own policy must allow it
// too: the policy of a session only takes away.
type Grant struct {
	// ReadAndRevert is enough to look at everything and to go back. Full is enough for
	// the whole rollout, what is in ReadAndRevert included.
	ReadAndRevert, Full []Statement
}

// With allows something more, whatever the gates say.
func (g Grant) With(more ...Statement) Grant {
	return Grant{ReadAndRevert: append(slices.Clone(g.ReadAndRevert), more...), Full: append(slices.Clone(g.Full), more...)}
}

// Place is where a rollout makes its calls.
type Place struct {
	// Region is "eu-central-1", and Account "123456789012".
	Region, Account string
}

// Granter is a driver's: it says what a rollout of a target needs, which is given as
// the JSON of the driver's attribute. It asks nobody. What is wrong is on the paths
// of that attribute.
type Granter func(place Place, raw json.RawMessage) (Grant, field.Errors)

// Fits says why the policy of a session is too long; empty when it is not.
func Fits(document string) string {
	if n := len([]rune(document)); n > MaxSessionPolicy {
		return fmt.Sprintf("the session's policy would have %d characters, and AWS takes at most %d; name fewer or shorter resources, for example one that ends in * instead of several", n, MaxSessionPolicy)
	}
	return ""
}

// Account is that of a role, by its ARN; empty where it is none.
func Account(role string) string {
	if m := rolePattern.FindStringSubmatch(role); m != nil {
		return m[2]
	}
	return ""
}

// ValidateRole checks a role that is assumed after those of the settings, by the JSON
// names of Role.
func (s Settings) ValidateRole(r Role) field.Errors { return s.chained(r) }

// SourceIdentity is who acts as AWS takes it: 2 to 64 letters, digits and + = , . @ -.
func SourceIdentity(actor string) string {
	text := plain(actor)
	if len(text) < 2 {
		text = "sluice-" + text
	}
	return text
}

// TagValue leaves what AWS takes in values of session tags.
func TagValue(text string) string {
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune("_.:/=+-@ ", r) || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, text)
	return text[:min(len(text), 256)]
}
