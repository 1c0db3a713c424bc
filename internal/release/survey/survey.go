// Package survey looks across ledgers: which release serves what, everywhere. It only
// reads, and asks no target.
package survey

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// The states of a release without an open rollout; one with has the rollout's.
const (
	Steady = "steady"
	// Mixed is one whose targets were left with different artifacts.
	Mixed = "mixed"
)

// States lists every state that a release can be in.
func States() []string {
	states := []string{Steady, Mixed}
	for _, s := range release.States() {
		if !s.Final() {
			states = append(states, string(s))
		}
	}
	return states
}

// Row is one release. Absent texts are empty.
type Row struct {
	// Scope is what the ledger says of itself, and Ledger its UUID.
	Scope       string `json:"scope"`
	Ledger      string `json:"ledger_id"`
	Release     string `json:"release"`
	Service     string `json:"service"`
	Environment string `json:"environment"`
	// Version and Digest are of what should serve while no rollout is open.
	Version string `json:"version"`
	Digest  string `json:"digest"`
	// State is steady, mixed, or the state of the rollout that is open.
	State string `json:"state"`
	// Rollout is the open one, "checkout/production/3", and To the version it carries.
	Rollout string `json:"open_rollout"`
	To      string `json:"open_version"`
	// Owner is the label of the Terraform state that manages it.
	Owner string `json:"owner"`
	// ChangedAt is the time of its last record, RFC 3339 in UTC.
	ChangedAt string `json:"changed_at"`
}

// Filter selects releases; an empty field selects all.
type Filter struct{ Service, Environment, State string }

func (f Filter) takes(r Row) bool {
	return (f.Service == "" || f.Service == r.Service) && (f.Environment == "" || f.Environment == r.Environment) && (f.State == "" || f.State == r.State)
}

// workers bounds how many releases are read at a time.
const workers = 8

const prefix = "release/"

// Of lists the releases of one ledger, in the order of names. One that cannot be read
// makes the whole an error: a list that leaves something out would say that it is not
// there.
func Of(ctx context.Context, l ledger.Ledger, f Filter) ([]Row, error) {
	id, err := l.ID(ctx)
	if err != nil {
		return nil, err
	}
	bound, err := ledger.ScopeOf(ctx, l)
	if err != nil {
		return nil, err
	}
	heads, err := l.Heads(ctx, prefix)
	if err != nil {
		return nil, err
	}
	heads = slices.DeleteFunc(heads, func(h ledger.Record) bool { return !f.wants(h.Stream) })
	rows, errs := make([]Row, len(heads)), make([]error, len(heads))
	slots := make(chan struct{}, workers)
	var all sync.WaitGroup
	for i, h := range heads {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			rows[i], errs[i] = read(ctx, l, h.Stream)
			rows[i].Scope, rows[i].Ledger = bound.Scope, id
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(rows, func(r Row) bool { return !f.takes(r) }), nil
}

// Add puts more rows behind others, without those of a ledger that is listed already: it
// may be named twice, as one's own and by its scope.
func Add(rows, more []Row) []Row {
	listed := map[string]bool{}
	for _, r := range rows {
		listed[r.Ledger] = true
	}
	for _, r := range more {
		if !listed[r.Ledger] {
			rows = append(rows, r)
		}
	}
	return rows
}

// wants leaves out what a stream's name tells already, and the parts of a release over
// many targets, which are one.
func (f Filter) wants(stream string) bool {
	key, err := release.ParseKey(strings.TrimPrefix(stream, prefix))
	if err != nil {
		return true // Reading it says what is wrong.
	}
	return key.Target == "" && (f.Service == "" || f.Service == key.Service) && (f.Environment == "" || f.Environment == key.Environment)
}

func read(ctx context.Context, l ledger.Ledger, stream string) (Row, error) {
	key, err := release.ParseKey(strings.TrimPrefix(stream, prefix))
	if err != nil {
		return Row{}, fmt.Errorf("the stream %s is not a release's: %w", stream, err)
	}
	records, err := l.Read(ctx, stream, 1)
	if err != nil {
		return Row{}, err
	}
	h, err := release.Fold(key, records)
	if err != nil {
		return Row{}, err
	}
	r := Row{Release: key.String(), Service: key.Service, Environment: key.Environment, State: Steady}
	if p := h.Serving(); p != nil {
		r.Version, r.Digest = p.Version, p.Digest()
	}
	if h.Mixed() {
		r.State = Mixed
	}
	if open := h.Open(); open != nil {
		r.State, r.To = string(open.State), open.Spec.Payload.Version
		r.Rollout = fmt.Sprintf("%s/%d", key, open.Number)
	}
	if h.Owner != nil {
		r.Owner = h.Owner.Label
	}
	if n := len(records); n > 0 {
		r.ChangedAt = records[n-1].At.UTC().Format(time.RFC3339)
	}
	return r, nil
}
