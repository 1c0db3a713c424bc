// Package observed reads what drift checks declare of AWS: rules of security groups
// from EC2, properties of resources from Cloud Control, and the digests of what runs
// from ECS and Lambda. It only reads, within
// bounds of time and number, and what it cannot read it says, with what to do.
package observed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

const (
	// TotalTimeout bounds the reading of all that a check declares of one kind, and
	// Timeout that of one thing, with its repeats and pages. An agent gives a whole
	// check half a minute.
	TotalTimeout = 25 * time.Second
	Timeout      = 10 * time.Second
	// workers is how many things are read at a time. Beyond that all calls in one
	// account and region wait for awscloud.Ceiling.
	workers = 8
)

// Reader reads AWS. The zero value works; it is safe for concurrent use. Each reading
// looks credentials up anew.
type Reader struct {
	// Actor is who looks: "ci@acme". UserAgent is "product/version".
	Actor, UserAgent string
}

var _ drift.Cloud = Reader{}

// Validate says what is wrong with where the things of a check are, by the paths of the
// check. Check.Validate says the rest.
func Validate(check drift.Check) field.Errors {
	var errs field.Errors
	each := func(attribute, name string, raw json.RawMessage) {
		if len(raw) == 0 {
			return // Check.Validate has said so.
		}
		_, wrong := settingsOf(raw)
		errs = append(errs, wrong.Under(fmt.Sprintf("%s[%q].aws", attribute, name))...)
	}
	for _, name := range sortedKeys(check.SecurityGroups) {
		each("security_groups", name, check.SecurityGroups[name].AWS)
	}
	for _, name := range sortedKeys(check.Resources) {
		each("resources", name, check.Resources[name].AWS)
	}
	for _, name := range sortedKeys(check.Images) {
		image := check.Images[name]
		each("images", name, image.AWS)
		if a := image.Artifact; a != nil && image.Tag != "" && a.Digest() != "" {
			if _, ok := ecr.PlaceOf(a.Reference); !ok {
				errs = append(errs, field.Error{Path: fmt.Sprintf("images[%q].tag", name), Msg: notECR(a.Reference).Error()})
			}
		}
	}
	return errs
}

// settingsOf reads where something is.
func settingsOf(raw json.RawMessage) (awscloud.Settings, field.Errors) {
	var s awscloud.Settings
	if err := wire.Decode(raw, &s); err != nil {
		return s, field.Errors{{Msg: fmt.Sprintf("it cannot be read: %v; for example { region = \"eu-central-1\" }", err)}}
	}
	return s, s.Validate()
}

// places makes one session for each place, of which a check usually has one.
type places struct {
	who awscloud.Who

	mu   sync.Mutex
	made map[string]*awscloud.Session
}

func (r Reader) places(of release.Key) *places {
	return &places{who: awscloud.Who{Actor: r.Actor, Subject: of.String(), UserAgent: r.UserAgent}, made: map[string]*awscloud.Session{}}
}

func (p *places) session(raw json.RawMessage) (*awscloud.Session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.made[string(raw)]; ok {
		return s, nil
	}
	settings, wrong := settingsOf(raw)
	if len(wrong) > 0 {
		return nil, wrong.Err()
	}
	s := awscloud.NewSession(settings, p.who)
	p.made[string(raw)] = s
	return s, nil
}

// each reads all of them, some at a time.
func each[D, C any](ctx context.Context, declared map[string]D, read func(context.Context, D) C) map[string]C {
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	out := make(map[string]C, len(declared))
	var (
		mu    sync.Mutex
		all   sync.WaitGroup
		slots = make(chan struct{}, workers)
	)
	for _, name := range sortedKeys(declared) {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			bounded, cancel := context.WithTimeout(ctx, Timeout)
			defer cancel()
			c := read(bounded, declared[name])
			mu.Lock()
			defer mu.Unlock()
			out[name] = c
		})
	}
	all.Wait()
	return out
}

// gone says that something is surely not there.
func gone(s *awscloud.Session, what string) error {
	err := fmt.Errorf("%w, in %s and for these credentials; look at the %s, the region and the account", drift.ErrGone, s.Settings().Region, what)
	if what == "id" {
		what = "group_id"
	}
	return &drift.AtError{At: what, Err: err}
}

// failed says what an error of AWS means, with what to do.
func failed(ctx context.Context, s *awscloud.Session, service string, err error) error {
	where := service + " in " + s.Settings().Region
	e := s.Explain(err)
	if ctx.Err() != nil && !awscloud.OfCredentials(err) {
		return fmt.Errorf("%s did not answer in time", where)
	}
	if strings.Contains(e.Message, s.Settings().Region) {
		where = service
	}
	text := fmt.Sprintf("%s: %s", where, e.Message)
	switch e.Kind {
	case awscloud.Denied, awscloud.Credentials, awscloud.Throttled, awscloud.Region, awscloud.Unreachable:
		// Their words are enough, and AWS's own name accounts and keys.
	default:
		if said := own(e.Err); said != "" {
			text += " (" + said + ")"
		}
	}
	if e.Remedy != "" {
		text += "; " + e.Remedy
	}
	return &drift.AtError{At: strings.TrimSuffix("aws."+s.Settings().Attribute(e), "."), Err: errors.New(text)}
}
