package drift

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/jsonvalue"
)

// Document is something outside of the target that must be as declared: a JSON
// document behind HTTP, or a file. Only the declared paths are compared.
type Document struct {
	// URL or File says where it is; exactly one is set.
	URL  string `json:"url,omitempty"`
	File string `json:"file,omitempty"`
	// Token refers to a bearer token for the URL.
	Token *credential.Reference `json:"token,omitempty"`
	// Timeout bounds one reading: a duration from 100ms to 1m, DefaultTimeout when
	// empty.
	Timeout string `json:"timeout,omitempty"`
	// SHA256 is the hash of the whole content, which need not be JSON then.
	SHA256 string `json:"sha256,omitempty"`
	// Paths holds what is expected at dotted paths below the root of the JSON. A
	// number selects from a list: "servers.0.port".
	Paths map[string]Expectation `json:"paths,omitempty"`
}

// DefaultTimeout bounds the reading of one document.
const DefaultTimeout = 5 * time.Second

// MaxDocument is the greatest size of a document, in bytes. A greater one is not
// read, and so unknown.
const MaxDocument = 1 << 20

// The most documents of a check, and paths of a document.
const (
	MaxDocuments = 1000
	MaxPaths     = 1000
)

// Content is what reading a document gave: its bytes, or why there are none.
type Content struct {
	Bytes []byte
	Err   error
}

var (
	documentName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	reserved     = []string{"baseline", "canary", "traffic", PathReverted, PathSwitch}
)

// Bound is the timeout of one reading.
func (d Document) Bound() (time.Duration, error) {
	if d.Timeout == "" {
		return DefaultTimeout, nil
	}
	const allowed = "; it must be a duration from 100ms to 1m, for example \"5s\""
	bound, err := time.ParseDuration(d.Timeout)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration%s", d.Timeout, allowed)
	}
	if bound < 100*time.Millisecond || bound > time.Minute {
		return 0, fmt.Errorf("the timeout is %s%s", d.Timeout, allowed)
	}
	return bound, nil
}

func (d Document) validate() field.Errors {
	var errs field.Errors
	switch {
	case (d.URL == "") == (d.File == ""):
		errs = append(errs, field.Error{Msg: "exactly one of url and file says where the document is; for example file = \"/etc/checkout/settings.json\""})
	case d.URL != "":
		if msg := field.HTTPURL(d.URL, "https://config.example/checkout.json", "CONFIG_TOKEN", "name what is compared in paths"); msg != "" {
			errs = append(errs, field.Error{Path: "url", Msg: msg})
		}
	case d.Token != nil:
		errs = append(errs, field.Error{Path: "token", Msg: "a file takes no token; leave it out, or give a url, for example url = \"https://config.example/checkout\""})
	}
	if d.Token != nil {
		errs = append(errs, d.Token.Validate().Under("token")...)
	}
	if _, err := d.Bound(); err != nil {
		errs = append(errs, field.Error{Path: "timeout", Msg: err.Error()})
	}
	if d.SHA256 == "" && len(d.Paths) == 0 {
		errs = append(errs, field.Error{Path: "paths", Msg: "nothing of the document is declared, so nothing would be compared; for example paths = { \"limits.max\" = { equals = \"100\" } }"})
	}
	if d.SHA256 != "" && !hashPattern.MatchString(d.SHA256) {
		errs = append(errs, field.Error{Path: "sha256", Msg: "this is not a SHA-256 hash; it must be 64 hexadecimal digits in lower case, for example from filesha256(\"settings.json\")"})
	}
	return append(errs, expectations("paths", d.Paths)...)
}

// expectations checks a map of them, in the order of its keys.
func expectations(at string, m map[string]Expectation) field.Errors {
	var errs field.Errors
	if len(m) > MaxPaths {
		errs = append(errs, field.Error{Path: at, Msg: fmt.Sprintf("there are %d paths; at most %d are compared, for example those that matter", len(m), MaxPaths)})
	}
	for _, path := range slices.Sorted(maps.Keys(m)) {
		if !pathPattern.MatchString(path) {
			errs = append(errs, field.Error{Path: at, Msg: fmt.Sprintf("%q is not a path; it has names joined by dots, for example \"limits.max\"", path)})
			continue
		}
		errs = append(errs, m[path].validate().Under(fmt.Sprintf("%s[%q]", at, path))...)
	}
	return errs
}

// compare holds what was read against what is declared. What cannot be read is one
// unknown difference, whatever is declared of it.
func (d Document) compare(name string, content Content) []Finding {
	if content.Err != nil {
		return []Finding{unreadable(name, content.Err)}
	}
	var out []Finding
	if d.SHA256 != "" {
		// The whole may be a secret as short as a password, so its hash is not shown.
		if got := hash(string(content.Bytes)); got != bare(d.SHA256) {
			out = append(out, Finding{Difference: Difference{name, hiddenExpected, hiddenObserved}, Kind: KindChanged, digest: got})
		}
	}
	if len(d.Paths) == 0 {
		return out
	}
	tree, err := jsonvalue.Decode(content.Bytes)
	if err != nil {
		// The decoder's words can hold a piece of the content.
		return append(out, unreadable(name, errors.New("it is not one JSON document")))
	}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		want, full := d.Paths[path], name+"."+path
		got, found := jsonvalue.Find(tree, path)
		switch {
		case !found:
			out = append(out, Finding{Difference: Difference{full, want.shown(), None}, Kind: KindMissing, digest: hash(None)})
		case !want.met(got):
			out = append(out, want.difference(full, got))
		}
	}
	return out
}

func unreadable(name string, err error) Finding {
	return Finding{Difference: Difference{name, "readable", Unknown}, Kind: KindUnknown, Note: err.Error(), At: atOf(err)}
}
