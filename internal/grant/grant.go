// Package grant hands out credentials of AWS for one rollout: a role, for minutes,
// whose session is cut to what the rollout needs, and to reading and going back until
// the gates pass. Each is recorded in the ledger, without the secret.
package grant

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Scope is what credentials are good for.
type Scope string

// The scopes.
const (
	// ReadAndRevert looks at everything, and goes back.
	ReadAndRevert Scope = "read_and_revert"
	// Full does what a whole rollout does.
	Full Scope = "full"
)

// DefaultPatience is how long the ledger may take where nobody says.
const DefaultPatience = 5 * time.Second

// Request is what is asked for.
type Request struct {
	Key release.Key
	// Next is the artifact that is to be released next; empty where nobody says.
	Next artifact.Payload
	// Settings lead to the credentials that assume Role.
	Settings awscloud.Settings
	Role     awscloud.Role
	// Driver is the target's, and Needs what it says a rollout needs.
	Driver string
	Needs  awscloud.Grant
	// Untagged leaves the session's tags out.
	Untagged bool
	// Actor is who asks. Organisation is the scope of the ledger, empty for none.
	Actor, UserAgent, Organisation string
	// Patience is how long the ledger may take, once to be asked and once to be
	// written, since a way back waits for these credentials; 0 takes DefaultPatience.
	Patience time.Duration
}

func (r Request) patience() time.Duration {
	if r.Patience > 0 {
		return r.Patience
	}
	return DefaultPatience
}

// Opened is what was handed out.
type Opened struct {
	awscloud.Assumed
	Scope Scope
	// Reason says why it is this scope.
	Reason string
	// Rollout is the number of the rollout that it is for, 0 where nobody can tell.
	Rollout int
	// Recorded is whether the ledger has it.
	Recorded bool
	// Warnings says what whoever asked would not expect.
	Warnings []Warning
}

// Warning is something that whoever asked would not expect.
type Warning struct{ Summary, Detail string }

// Open hands out credentials. No gate and no ledger keeps it from that: what is not
// known to pass gets credentials to read and revert, and so does what cannot be
// recorded. An error is AWS's, an *awscloud.Error. ledger opens the ledger for an
// engine; it must neither create one nor wait for long.
func Open(ctx context.Context, req Request, ledger func(context.Context) (*release.Engine, error)) (Opened, error) {
	asked, cancel := context.WithTimeout(ctx, req.patience())
	engine, permit, err := permit(asked, req, ledger)
	cancel()
	var out Opened
	if err != nil {
		permit = release.Permit{Rollout: permit.Rollout, Reason: fmt.Sprintf("the ledger cannot be asked: %v", err)}
	}
	scope := ReadAndRevert
	if permit.Forward {
		scope = Full
	}
	document, err := req.assume(ctx, &out, scope, permit)
	if err != nil {
		return Opened{}, err
	}
	out.Recorded = true
	if unrecorded := record(ctx, engine, req, out, permit, document); unrecorded != "" {
		out.Recorded = false
		if out.Scope == Full {
			// The session with all rights is let go of; nobody has seen it.
			permit.Reason = "what the ledger does not have is not handed out: " + unrecorded
			if _, err := req.assume(ctx, &out, ReadAndRevert, permit); err != nil {
				return Opened{}, err
			}
		}
		out.warn("The credentials of "+req.Key.String()+" are not in the ledger", unrecorded+". "+cut)
		return out, nil
	}
	if out.Scope == ReadAndRevert && !permit.Steady {
		out.warn("The credentials of "+req.Key.String()+" are for reading and going back only", permit.Reason+". "+cut)
	}
	return out, nil
}

// cut says what such credentials are good for.
const cut = "They look at everything and bring traffic back, and bring nothing new up; ask again once that has changed"

func (o *Opened) warn(summary, detail string) {
	o.Warnings = append(o.Warnings, Warning{Summary: summary, Detail: detail + "."})
}

// permit asks the ledger what may go forward. The engine is nil without a ledger.
func permit(ctx context.Context, req Request, open func(context.Context) (*release.Engine, error)) (*release.Engine, release.Permit, error) {
	engine, err := open(ctx)
	if err != nil {
		return nil, release.Permit{}, err
	}
	p, err := engine.Permit(ctx, req.Key, req.Next)
	return engine, p, err
}

// assume gets a session of the scope, and gives the policy that it is cut to.
func (r Request) assume(ctx context.Context, out *Opened, scope Scope, permit release.Permit) (string, error) {
	statements := r.Needs.ReadAndRevert
	if scope == Full {
		statements = r.Needs.Full
	}
	document, err := awscloud.Document(statements)
	if err != nil {
		return "", err
	}
	subject := r.Key.String()
	if permit.Rollout > 0 {
		subject += "/" + strconv.Itoa(permit.Rollout)
	}
	session := awscloud.NewSession(r.Settings, awscloud.Who{Actor: r.Actor, Subject: subject, UserAgent: r.UserAgent})
	got, err := session.AssumeFor(ctx, awscloud.Assumption{Role: r.Role, Policy: document, Tags: r.tags(permit, scope)})
	if err != nil {
		return "", err
	}
	out.Assumed, out.Scope, out.Reason, out.Rollout = got, scope, permit.Reason, permit.Rollout
	return document, nil
}

// tags name the rollout and who acts, for conditions of policies and for CloudTrail.
func (r Request) tags(permit release.Permit, scope Scope) map[string]string {
	if r.Untagged {
		return nil
	}
	tags := map[string]string{
		"sluice:service": r.Key.Service, "sluice:environment": r.Key.Environment, "sluice:actor": r.Actor, "sluice:scope": string(scope),
	}
	if permit.Rollout > 0 {
		tags["sluice:rollout"] = strconv.Itoa(permit.Rollout)
	}
	if r.Organisation != "" {
		tags["sluice:organisation"] = r.Organisation
	}
	return tags
}

// record writes what was handed out, and says why it could not.
func record(ctx context.Context, engine *release.Engine, req Request, out Opened, permit release.Permit, document string) string {
	if engine == nil {
		return permit.Reason
	}
	ctx, cancel := context.WithTimeout(ctx, req.patience())
	defer cancel()
	if err := write(ctx, engine, req.Key, req.body(out, permit, document)); err != nil {
		return fmt.Sprintf("the ledger does not take the record: %v", err)
	}
	return ""
}
