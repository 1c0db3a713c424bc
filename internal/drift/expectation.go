package drift

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/jsonvalue"
)

// Expectation is what the author says a value is. Exactly one of its fields is
// set.
type Expectation struct {
	// Equals is the value as text: "100", "true", "null", "on". Text and JSON scalars
	// are one: "100" is met by the number and by the string. Numbers are compared as
	// numbers. Where an object or a list is found it is JSON that must say the same.
	Equals *string `json:"equals,omitempty"`
	// SHA256 is the hash of that text, 64 hexadecimal digits, for what nobody may
	// see. What was found instead is then never shown either.
	SHA256 string `json:"sha256,omitempty"`
	// Unordered compares lists as sets, at every depth. Only resources of AWS have it,
	// which gives many lists in any order.
	Unordered bool `json:"unordered,omitempty"`
}

// What stands in a report for values that nobody may see.
const (
	hiddenExpected = "what the hash says"
	hiddenObserved = "another value, which is not shown"
)

var hashPattern = regexp.MustCompile(`^(sha256:)?[0-9a-f]{64}$`)

const hashExample = "; it must be 64 hexadecimal digits in lower case, for example from sha256(\"...\")"

func (e Expectation) validate() field.Errors {
	switch {
	case (e.Equals == nil) == (e.SHA256 == ""):
		return field.Errors{{Msg: "exactly one of equals and sha256 says what is expected; for example equals = \"100\""}}
	case e.SHA256 != "" && !hashPattern.MatchString(e.SHA256):
		return field.Errors{{Path: "sha256", Msg: "this is not a SHA-256 hash" + hashExample}}
	case e.Unordered && e.Equals == nil:
		return field.Errors{{Path: "unordered", Msg: "a hash is of a text, in which order counts; leave it out, or give the list in equals, for example equals = jsonencode([\"a\", \"b\"])"}}
	}
	return nil
}

// met says whether a decoded JSON value is the expected one.
func (e Expectation) met(v any) bool {
	if e.Equals == nil {
		return hash(jsonvalue.Text(v)) == bare(e.SHA256)
	}
	return jsonvalue.Equal(v, *e.Equals)
}

// difference writes down what was found instead. The digest is for acceptance, and
// is dropped before anybody sees it where the value is hidden.
func (e Expectation) difference(path string, v any) Finding {
	f := Finding{Difference: Difference{Path: path}, Kind: KindChanged, digest: hash(jsonvalue.Text(v))}
	if e.Equals == nil {
		f.Expected, f.Observed = hiddenExpected, hiddenObserved
		return f
	}
	f.Digest = f.digest
	f.Expected, f.Observed = jsonvalue.Clip(*e.Equals), jsonvalue.Clip(jsonvalue.Text(v))
	if text, ok := v.(string); ok {
		// Quoted, so that a text cannot be taken for this package's own words.
		f.Expected, f.Observed = jsonvalue.Clip(strconv.Quote(*e.Equals)), jsonvalue.Clip(strconv.Quote(text))
	}
	return f
}

// shown is the expected value where nothing was found to compare it with.
func (e Expectation) shown() string {
	if e.Equals == nil {
		return hiddenExpected
	}
	return jsonvalue.Clip(strconv.Quote(*e.Equals))
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func bare(digest string) string { return strings.TrimPrefix(digest, "sha256:") }
