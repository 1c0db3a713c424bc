package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// ObjectKind is the kind of the declared objects whose content is a Notification.
const ObjectKind = "notification"

// Notification says who is told of what. Exactly one of Webhook and File is set.
type Notification struct {
	// Name has at most MaxName characters, since the names of cursors are made of it.
	Name    string   `json:"name"`
	Webhook *Webhook `json:"webhook,omitempty"`
	File    *File    `json:"file,omitempty"`
	// Events are the types that are told, without their versions; "*" stands for any
	// text. Empty means all.
	Events []string `json:"events,omitempty"`
	// Services and Environments narrow down what is told, by name; empty means all. An
	// event that is of no service, or no environment, passes an empty list only.
	Services     []string `json:"services,omitempty"`
	Environments []string `json:"environments,omitempty"`
}

// Webhook is a server that is sent each event with a POST.
type Webhook struct {
	// URL is where, with http or https and without anything secret. URLFrom refers to
	// it where the URL itself is a secret. Exactly one is set.
	URL     string                `json:"url,omitempty"`
	URLFrom *credential.Reference `json:"url_from,omitempty"`
	// Token is sent as a bearer token.
	Token *credential.Reference `json:"token,omitempty"`
	// Header is one more header, whose value is a secret.
	Header *Header `json:"header,omitempty"`
	// SigningKey signs each request by the rules of Standard Webhooks.
	SigningKey *credential.Reference `json:"signing_key,omitempty"`
	// Timeout bounds one delivery with its repeats, MinTimeout to MaxTimeout; 0 takes
	// DefaultTimeout.
	Timeout field.Duration `json:"timeout,omitempty"`
}

// Header is a header whose value is a secret.
type Header struct {
	Name  string               `json:"name"`
	Value credential.Reference `json:"value"`
}

// File is a file to which each event is appended as a line of JSON.
type File struct {
	// Path is absolute: a relative one is another file for each process. The folder
	// must exist.
	Path string `json:"path"`
}

// Limits and defaults of a notification.
const (
	// MaxName is in characters.
	MaxName = 64
	// MaxPatterns is the greatest length of each of its lists.
	MaxPatterns    = 200
	DefaultTimeout = 5 * time.Second
	MinTimeout     = 100 * time.Millisecond
	// MaxTimeout is shorter than a deliverer's lease, so that nobody takes a delivery
	// over while it is under way.
	MaxTimeout = 15 * time.Second
)

// timeout bounds one delivery.
func (w Webhook) timeout() time.Duration {
	if w.Timeout > 0 {
		return w.Timeout.Std()
	}
	return DefaultTimeout
}

// Wants reports whether the notification tells of an event.
func (n Notification) Wants(e Event) bool {
	return wanted(n.Events, string(unversioned(e.Type)), true) && wanted(n.Services, e.service, false) && wanted(n.Environments, e.environment, false)
}

// covers reports whether anything of a stream of that service and environment can be
// wanted; empty ones are not known.
func (n Notification) covers(service, environment string) bool {
	return (service == "" || wanted(n.Services, service, false)) && (environment == "" || wanted(n.Environments, environment, false))
}

// wanted holds a text against a list, of which an empty one wants all.
func wanted(list []string, text string, patterns bool) bool {
	if len(list) == 0 {
		return true
	}
	if !patterns {
		return slices.Contains(list, text)
	}
	return slices.ContainsFunc(list, func(pattern string) bool { return matches(pattern, text) })
}

// Decode reads the content of a declared notification strictly.
func Decode(content json.RawMessage) (Notification, error) {
	var n Notification
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&n); err != nil {
		return n, err
	}
	return n, n.Validate().Err()
}

// Declared is a notification as the ledger has it.
type Declared struct {
	Notification
	// Revision is the object's, By who declared it last and At when.
	Revision uint64
	By       string
	At       time.Time
	// Err says why it cannot be read, and so tells nobody anything; nil for most.
	Err error
}

// List gives the declared notifications in the order of names. One that cannot be read,
// such as a newer version's, is in the list with its error, so that it keeps no other
// from being told.
func List(ctx context.Context, l ledger.Ledger) ([]Declared, error) {
	objects, err := ledger.ListObjects(ctx, l, ObjectKind, "")
	if err != nil {
		return nil, fmt.Errorf("unable to read the notifications from the ledger: %w", err)
	}
	out := make([]Declared, 0, len(objects))
	for _, o := range objects {
		d := Declared{Revision: o.Revision, By: o.Actor, At: o.UpdatedAt}
		if d.Notification, err = Decode(o.Content); err != nil {
			d.Err = fmt.Errorf("unable to read the notification %q (revision %d): %w", o.Name, o.Revision, err)
		}
		d.Name = o.Name
		out = append(out, d)
	}
	return out, nil
}
