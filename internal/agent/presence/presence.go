// Package presence says which agents live, without a record per sign of life.
//
// An agent holds the lease named "agent/<name>" and renews it; whoever asks sees
// the lease's beat grow. What an agent drives stands in the one record that it
// appends to the stream of the same name when it starts and that has changed.
package presence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
)

// Prefix begins the names of the agents' streams and leases.
const Prefix = "agent/"

// KindAnnounced is the kind of the records in an agent's stream.
const KindAnnounced = "agent.announced"

// An agent's lease, and how often it is renewed.
const (
	// TTL is after how long without a change an agent counts as gone.
	TTL = 15 * time.Second
	// Every is the time between two renewals.
	Every = 2 * time.Second
)

// Agent is what an agent says of itself.
type Agent struct {
	// Name is unique among the agents of a ledger, and the same after a restart.
	Name string `json:"name"`
	// Services and Environments are what it drives; empty means all.
	Services     []string `json:"services,omitempty"`
	Environments []string `json:"environments,omitempty"`
	// Version is that of its binary.
	Version string `json:"version,omitempty"`
}

// LeaseName is the name of the agent's lease, and of its stream.
func (a Agent) LeaseName() string { return Prefix + a.Name }

// Drives reports whether the agent drives the releases of this service in this
// environment.
func (a Agent) Drives(service, environment string) bool {
	return chosen(a.Services, service) && chosen(a.Environments, environment)
}

func chosen(of []string, name string) bool { return len(of) == 0 || slices.Contains(of, name) }

var namePattern = pattern.New(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// ValidateName says what is wrong with an agent's name. The error wraps
// ledger.ErrInvalid.
func ValidateName(name string) error {
	if namePattern.MatchString(name) {
		return nil
	}
	return fmt.Errorf("the agent's name %.40q is %w: it has 1 to 100 letters, digits, dots, dashes and underscores and begins with a letter or digit, for example \"agent-1\"", name, ledger.ErrInvalid)
}

// Announce records what the agent is, unless its last record says so already.
func Announce(ctx context.Context, l ledger.Ledger, a Agent, actor string, at time.Time) error {
	if err := ValidateName(a.Name); err != nil {
		return err
	}
	body, err := json.Marshal(a)
	if err != nil {
		return err
	}
	entry := ledger.Entry{ID: uuid.NewString(), Kind: KindAnnounced, At: at, Actor: actor, Body: body}
	for {
		// A name may begin another's: the head wanted is that of exactly this stream.
		heads, err := l.Heads(ctx, a.LeaseName())
		if err != nil {
			return err
		}
		var after uint64
		if len(heads) > 0 && heads[0].Stream == a.LeaseName() {
			after = heads[0].Seq
			if string(heads[0].Body) == string(body) {
				return nil
			}
		}
		_, err = l.Append(ctx, a.LeaseName(), after, entry)
		var conflict *ledger.ConflictError
		if !errors.As(err, &conflict) || ctx.Err() != nil {
			return err
		}
	}
}

// List returns all agents that were ever announced, in the order of their names.
// Whether they live is another question.
func List(ctx context.Context, l ledger.Ledger) ([]Agent, error) {
	heads, err := l.Heads(ctx, Prefix)
	if err != nil {
		return nil, err
	}
	var all []Agent
	for _, r := range heads {
		var a Agent
		if err := json.Unmarshal(r.Body, &a); err != nil {
			return nil, fmt.Errorf("reading record %s#%d: %w", r.Stream, r.Seq, err)
		}
		if a.Name == strings.TrimPrefix(r.Stream, Prefix) {
			all = append(all, a)
		}
	}
	return all, nil
}
