package notify

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Validate checks a declared notification. Paths are those of its fields in JSON, which
// are the attributes'.
func (n Notification) Validate() field.Errors {
	var errs field.Errors
	add := func(path, msg string) {
		if msg != "" {
			errs = append(errs, field.Error{Path: path, Msg: msg})
		}
	}
	if count := utf8.RuneCountInString(n.Name); count > MaxName {
		add("name", fmt.Sprintf("the name has %d characters; at most %d are allowed, for example \"chat\"", count, MaxName))
	} else {
		add("name", field.Name(n.Name))
	}
	switch {
	case n.Webhook != nil && n.File != nil:
		add("", "the notification has both webhook and file; give exactly one, and declare two notifications for two, for example webhook = { url = \"https://events.example/sluice\" }")
	case n.Webhook == nil && n.File == nil:
		add("", "the notification tells nobody; give exactly one of webhook and file, for example webhook = { url = \"https://events.example/sluice\" }")
	case n.Webhook != nil:
		errs = append(errs, n.Webhook.validate().Under("webhook")...)
	default:
		add("file.path", pathProblem(n.File.Path))
	}
	errs = append(errs, list("events", n.Events, patternProblem)...)
	errs = append(errs, list("services", n.Services, field.Name)...)
	return append(errs, list("environments", n.Environments, field.Name)...)
}

const exampleURL = "https://events.example/sluice"

func (w Webhook) validate() field.Errors {
	var errs field.Errors
	switch {
	case w.URL != "" && w.URLFrom != nil:
		errs = append(errs, field.Error{Path: "url_from", Msg: "both url and url_from are given; keep url_from where the URL is a secret, and url otherwise, for example url = \"" + exampleURL + "\""})
	case w.URLFrom != nil:
		errs = append(errs, w.URLFrom.Validate().Under("url_from")...)
	default:
		if msg := field.HTTPURL(w.URL, exampleURL, "EVENTS_TOKEN", "leave it out"); msg != "" {
			errs = append(errs, field.Error{Path: "url", Msg: msg})
		} else if strings.Contains(w.URL, "?") {
			errs = append(errs, field.Error{Path: "url", Msg: "the URL has a query, which often holds a secret and would be kept in state and ledger; refer to the whole URL instead, for example url_from = { env = \"EVENTS_URL\" }"})
		}
	}
	if w.Token != nil {
		errs = append(errs, w.Token.Validate().Under("token")...)
	}
	if w.SigningKey != nil {
		errs = append(errs, w.SigningKey.Validate().Under("signing_key")...)
	}
	if w.Header != nil {
		errs = append(errs, w.Header.validate(w.Token != nil).Under("header")...)
	}
	if d := w.Timeout.Std(); d != 0 && (d < MinTimeout || d > MaxTimeout) {
		errs = append(errs, field.Error{Path: "timeout", Msg: fmt.Sprintf("%s is not a timeout of a webhook; it must be from %s to %s, for example \"5s\"", w.Timeout, field.FormatDuration(MinTimeout), field.FormatDuration(MaxTimeout))})
	}
	return errs
}

// reserved are the headers that a delivery sets itself.
var reserved = []string{"content-type", "content-length", "host", "user-agent", "idempotency-key", "webhook-id", "webhook-timestamp", "webhook-signature"}

func (h Header) validate(token bool) field.Errors {
	const example = "; for example header = { name = \"X-Api-Key\", value = { env = \"EVENTS_KEY\" } }"
	var errs field.Errors
	switch name := strings.ToLower(h.Name); {
	case !httpguts.ValidHeaderFieldName(h.Name):
		errs = append(errs, field.Error{Path: "name", Msg: fmt.Sprintf("%q is not the name of a header%s", h.Name, example)})
	case slices.Contains(reserved, name):
		errs = append(errs, field.Error{Path: "name", Msg: fmt.Sprintf("the header %s is set by the delivery itself%s", h.Name, example)})
	case name == "authorization" && token:
		errs = append(errs, field.Error{Path: "name", Msg: "the token is sent in the header Authorization already; keep one of the two" + example})
	}
	return append(errs, h.Value.Validate().Under("value")...)
}

func pathProblem(path string) string {
	const example = "; for example \"/var/log/sluice/events.jsonl\", or abspath(\"events.jsonl\")"
	switch {
	case path == "":
		return "the path is empty; it must be absolute" + example
	case strings.ContainsRune(path, 0):
		return "the path contains a NUL character; it must be absolute" + example
	case !filepath.IsAbs(path):
		return fmt.Sprintf("the path %q is relative, and so another file for each process that delivers; it must be absolute%s", path, example)
	case strings.HasSuffix(path, "/"):
		return fmt.Sprintf("the path %q names a folder; it must name a file%s", path, example)
	}
	return ""
}

var pattern = regexp.MustCompile(`^[a-z0-9.*-]+$`)

// patternProblem checks the pattern of a type: it must match a type that this version
// knows, since a mistyped one would tell nobody anything, silently.
func patternProblem(p string) string {
	const allowed = "; allowed are types without their versions, in which * stands for any text, for example \"dev.cdevents.service.*\""
	switch {
	case !pattern.MatchString(p):
		return fmt.Sprintf("%q is not the type of an event%s", p, allowed)
	case strings.HasPrefix(p, own) && openEnded(p):
		return ""
	case !slices.ContainsFunc(Types(), func(t Type) bool { return matches(p, string(t)) }):
		return fmt.Sprintf("%q matches no event that there is%s", p, allowed)
	}
	return ""
}

// openEnded reports whether the pattern may be of a declared object of any kind.
func openEnded(p string) bool {
	return strings.HasSuffix(p, ".declared") || strings.HasSuffix(p, ".deleted")
}

// listExamples show what each list may be.
var listExamples = map[string]string{
	"events":       `events = ["dev.cdevents.service.*"]`,
	"services":     `services = ["checkout"]`,
	"environments": `environments = ["production"]`,
}

func list(attr string, values []string, problem func(string) string) field.Errors {
	var errs field.Errors
	if values != nil && len(values) == 0 {
		return field.Errors{{Path: attr, Msg: "the list is empty, so that nothing would be told; leave it out for everything, or name some, for example " + listExamples[attr]}}
	}
	if len(values) > MaxPatterns {
		return field.Errors{{Path: attr, Msg: fmt.Sprintf("there are %d entries; at most %d are allowed, and leaving it out means everything", len(values), MaxPatterns)}}
	}
	for i, v := range values {
		path := fmt.Sprintf("%s[%d]", attr, i)
		if msg := problem(v); msg != "" {
			errs = append(errs, field.Error{Path: path, Msg: msg})
		} else if slices.Contains(values[:i], v) {
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("%q is there already; name each once, for example %s", v, listExamples[attr])})
		}
	}
	return errs
}

// matches holds a text against a pattern in which * stands for any text.
func matches(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return strings.HasSuffix(text, last)
}
