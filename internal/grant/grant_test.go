package grant_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/ststest"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/grant"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

const function = "arn:aws:lambda:eu-central-1:123456789012:function:checkout"

// What is handed out is what the scope says, in the rollouts and gates that there are.
func TestTheGatesDecideTheScope(t *testing.T) {
	forward := release.OpenedBody{Kind: release.Forward, Spec: release.Spec{Payload: next}, Baseline: &was}
	watching := forward
	watching.Spec.Mode = release.Observe
	for name, c := range map[string]struct {
		world   func(*world)
		next    artifact.Payload
		scope   grant.Scope
		rollout int
		reason  string
		warned  bool
	}{
		"the next one, gates open": {(*world).declare, next, grant.Full, 1, "every gate passes", false},
		"a gate is closed":         {func(w *world) { w.declare(); w.door.status = gate.Fail }, next, grant.ReadAndRevert, 1, "window: freeze until monday", true},
		"a gate does not know":     {func(w *world) { w.declare(); w.door.status = gate.Unknown }, next, grant.ReadAndRevert, 1, "window: freeze until monday", true},
		"no artifact is named":     {(*world).declare, artifact.Payload{}, grant.ReadAndRevert, 1, "no artifact is named", false},
		"no environment is known":  {func(*world) {}, next, grant.ReadAndRevert, 1, "sluice_environment", true},
		"it is released already":   {func(w *world) { w.opened(1, forward, release.Stepping, release.Succeeded) }, next, grant.ReadAndRevert, 2, "released already", false},
		"after a release":          {func(w *world) { w.opened(1, forward, release.Stepping, release.Succeeded) }, was, grant.Full, 2, "every gate passes", false},
		"a rollout, gates open":    {func(w *world) { w.opened(3, forward, release.Stepping) }, artifact.Payload{}, grant.Full, 3, "every gate passes", false},
		"a rollout, a gate closed": {func(w *world) { w.opened(3, forward, release.Stepping); w.door.status = gate.Fail }, next, grant.ReadAndRevert, 3, "freeze", true},
		"a rollout that goes back": {func(w *world) { w.opened(3, forward, release.Stepping, release.Reverting) }, next, grant.ReadAndRevert, 3, "goes back", false},
		"a rollback to an older": {func(w *world) {
			b := forward
			b.Kind = release.BackOut
			w.opened(3, b, release.Stepping)
			w.door.status = gate.Fail
		}, next, grant.Full, 3, "passes no gate", false},
		"a rollback is asked for": {func(w *world) {
			w.opened(1, forward, release.Succeeded)
			w.append(release.KindBackRequested, release.RequestBody{By: "kim", Reason: "slow"})
			w.door.status = gate.Fail
		}, next, grant.Full, 2, "rollback was asked for", false},
		"mode observe": {func(w *world) { w.opened(3, watching, release.Stepping) }, next, grant.ReadAndRevert, 3, "observe", false},
		"a rollout that is aborted": {func(w *world) {
			w.opened(3, forward, release.Stepping)
			w.append(release.KindAbortRequested, map[string]any{"rollout": 3, "by": "kim", "reason": "x", "cause": "operator"})
		}, next, grant.ReadAndRevert, 3, "goes back", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.world(w)
			req := w.request()
			req.Next = c.next
			out := w.open(req)
			if out.Scope != c.scope || out.Rollout != c.rollout || !strings.Contains(out.Reason, c.reason) || !out.Recorded || len(out.Warnings) > 0 != c.warned {
				t.Errorf("scope %s, rollout %d, recorded %t, %q, warnings %q", out.Scope, out.Rollout, out.Recorded, out.Reason, out.Warnings)
			}
			session := w.sts.Sessions()[0]
			if !session.May("lambda:UpdateAlias", function) || !session.May("lambda:GetAlias", function+":live") {
				t.Errorf("it cannot look or go back: %s", session.Policy)
			}
			for action, resource := range map[string]string{"lambda:UpdateFunctionCode": function, "lambda:PublishVersion": function, "s3:GetObject": "arn:aws:s3:::acme-builds/checkout/1.1.0.zip"} {
				if session.May(action, resource) != (c.scope == grant.Full) {
					t.Errorf("%s: %s is allowed: %t", out.Scope, action, session.May(action, resource))
				}
			}
			if session.May("lambda:UpdateAlias", function+"-2") || session.May("s3:GetObject", "arn:aws:s3:::other/x") {
				t.Errorf("it reaches others: %s", session.Policy)
			}
		})
	}
}

// A quarantine is asked about with what comes next, and a rollout's window with when
// that began.
func TestTheGatesAreAskedAboutTheRollout(t *testing.T) {
	w := newWorld(t)
	w.declare()
	w.open(w.request())
	w.opened(1, release.OpenedBody{Kind: release.Forward, Spec: release.Spec{Payload: next}, Baseline: &was}, release.Stepping)
	w.open(w.request())
	want := gate.Subject{Service: "checkout", Environment: "production", Tier: "production", Payload: next}
	began := want
	began.Started = start
	if diff := cmp.Diff([]gate.Subject{want, began}, w.door.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// The session says for what and by whom it is, for minutes; the ledger has all of it
// but the secret.
func TestTheSessionAndTheRecord(t *testing.T) {
	w := newWorld(t)
	w.declare()
	out := w.open(w.request())
	got := w.sts.Sessions()[0]
	if got.Name != "sluice-checkout-production-1-ci@acme" || got.SourceIdentity != "ci@acme" || got.Seconds != 900 {
		t.Errorf("session %q by %q for %g s", got.Name, got.SourceIdentity, got.Seconds)
	}
	if diff := cmp.Diff(map[string]string{"sluice:service": "checkout", "sluice:environment": "production", "sluice:rollout": "1", "sluice:actor": "ci@acme", "sluice:scope": "full", "sluice:organisation": "acme/retail"}, got.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if !strings.Contains(out.SecretAccessKey, ststest.Secret) || !strings.Contains(out.SessionToken, ststest.Secret) {
		t.Fatal("no secrets were handed out")
	}
	records := w.read(grant.Stream(key))
	if len(records) != 1 || records[0].Kind != grant.KindOpened || records[0].Actor != "ci@acme" {
		t.Fatalf("%+v", records)
	}
	if strings.Contains(string(records[0].Body), ststest.Secret) {
		t.Errorf("the record has a secret: %s", records[0].Body)
	}
	var body grant.OpenedBody
	if err := json.Unmarshal(records[0].Body, &body); err != nil {
		t.Fatal(err)
	}
	if string(body.Policy) == "" || !strings.Contains(string(body.Policy), "UpdateFunctionCode") {
		t.Errorf("policy %s", body.Policy)
	}
	body.Policy, body.Packed = nil, 0
	if diff := cmp.Diff(grant.OpenedBody{
		Number: 1, Scope: grant.Full, Reason: "every gate passes", Gates: []gate.Result{{Gate: "window", Status: gate.Pass, Reason: "freeze until monday"}}, Driver: "lambda", Role: role,
		Session: got.Name, SourceIdentity: "ci@acme", AccessKeyID: out.AccessKeyID, Expiration: start.Add(15 * time.Minute),
	}, body); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	w.open(w.request())
	if n := len(w.read(grant.Stream(key))); n != 2 {
		t.Errorf("%d records of two", n)
	}
}

// A ledger that is away keeps nobody from going back, and lets nobody go forward.
func TestALedgerThatIsAway(t *testing.T) {
	w := newWorld(t)
	w.declare()
	w.away = errors.New("connection refused")
	out := w.open(w.request())
	if out.Scope != grant.ReadAndRevert || out.Recorded || len(out.Warnings) != 1 || !strings.Contains(out.Warnings[0].Detail, "connection refused") {
		t.Errorf("%s, recorded %t, %q", out.Scope, out.Recorded, out.Warnings)
	}
	if _, tagged := w.sts.Sessions()[0].Tags["sluice:rollout"]; tagged || out.Rollout != 0 {
		t.Error("it names a rollout that nobody knows")
	}
}

// A ledger that does not answer is waited for no longer than for a moment, once to be
// asked and once to be written.
func TestALedgerThatHangs(t *testing.T) {
	for name, hang := range map[string]func(*world) func(context.Context) (*release.Engine, error){
		"asked": func(*world) func(context.Context) (*release.Engine, error) {
			return func(ctx context.Context) (*release.Engine, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
		},
		"written": func(w *world) func(context.Context) (*release.Engine, error) {
			w.ledger = stuck{w.ledger}
			return w.engine
		},
	} {
		w := newWorld(t)
		w.declare()
		req := w.request()
		req.Patience = 20 * time.Millisecond
		out, err := grant.Open(t.Context(), req, hang(w))
		if err != nil || out.Scope != grant.ReadAndRevert || out.Recorded || len(out.Warnings) != 1 {
			t.Errorf("%s: %s, recorded %t, %q, %v", name, out.Scope, out.Recorded, out.Warnings, err)
		}
	}
}

// What the ledger does not take is not handed out with all rights, though the gates
// pass.
func TestALedgerThatTakesNoRecord(t *testing.T) {
	w := newWorld(t)
	w.declare()
	w.ledger = unwritable{w.ledger}
	out := w.open(w.request())
	if out.Scope != grant.ReadAndRevert || out.Recorded || len(out.Warnings) != 1 || !strings.Contains(out.Warnings[0].Detail, "permission denied") {
		t.Errorf("%s, recorded %t, %q", out.Scope, out.Recorded, out.Warnings)
	}
	sessions := w.sts.Sessions()
	if last := sessions[len(sessions)-1]; len(sessions) != 2 || last.ID != out.AccessKeyID || last.May("lambda:UpdateFunctionCode", function) {
		t.Errorf("%d sessions, %s", len(sessions), last.Policy)
	}
}

// A release's own stream, and so its history, does not grow by credentials.
func TestTheReleaseDoesNotGrow(t *testing.T) {
	w := newWorld(t)
	w.declare()
	w.open(w.request())
	if n := len(w.read(key.Stream())); n != 0 {
		t.Errorf("%d records of the release", n)
	}
}

// A token of CI begins the chain; the role of the rollout ends it.
func TestAChainThatBeginsWithAToken(t *testing.T) {
	w := newWorld(t)
	const ci, hop = "arn:aws:iam::111111111111:role/ci", "arn:aws:iam::222222222222:role/hop"
	w.sts.Roles[hop] = ststest.Role{By: []string{ci}, Allow: []string{"sts:AssumeRole"}, ExternalID: "acme"}
	w.sts.Roles[role] = ststest.Role{By: []string{hop}, Allow: ststest.Open().Allow}
	t.Setenv("OIDC", "the-token")
	req := w.request()
	req.Settings.WebIdentity = &awscloud.WebIdentity{ARN: ci, Token: &credential.Reference{Env: "OIDC"}}
	req.Settings.AssumeRole = []awscloud.Role{{ARN: hop, ExternalID: "acme"}}
	req.Role.Duration = "1h"
	out := w.open(req)
	var roles []string
	for _, s := range w.sts.Sessions() {
		roles = append(roles, s.Role)
	}
	if diff := cmp.Diff([]string{ci, hop, role}, roles); diff != "" || out.Expiration != start.Add(time.Hour) {
		t.Errorf("until %s (-want +got):\n%s", out.Expiration, diff)
	}
	t.Setenv("OIDC", "expired")
	refused(t, w, req, awscloud.Credentials, "token is still valid")
}

// What AWS refuses is an error that says what to do.
func TestWhatAWSRefuses(t *testing.T) {
	w := newWorld(t)
	w.sts.Roles[role] = ststest.Role{By: []string{"somebody"}, Allow: ststest.Open().Allow}
	refused(t, w, w.request(), awscloud.Denied, "sts:TagSession (or set session_tags = false), sts:SetSourceIdentity (or set source_identity = false")
	plain := w.request()
	plain.Untagged, plain.Role.SourceIdentity = true, false
	w.sts.Roles[role] = ststest.Role{By: []string{"*"}, Allow: []string{"sts:AssumeRole"}}
	refused(t, w, w.request(), awscloud.Denied, "sts:TagSession")
	if out := w.open(plain); out.AccessKeyID == "" {
		t.Error("without tags and identity nothing was handed out")
	}
	w.sts.Room = 100
	refused(t, w, plain, awscloud.Invalid, "fewer or shorter resources")
	w.sts.Expired["AKIAEXAMPLE"] = true
	refused(t, w, plain, awscloud.Credentials, "give new ones")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	refused(t, w, plain, awscloud.Credentials, "AWS_PROFILE")
}

func refused(t *testing.T, w *world, req grant.Request, kind awscloud.Kind, remedy string) {
	t.Helper()
	before := len(w.read(grant.Stream(key)))
	_, err := grant.Open(t.Context(), req, w.engine)
	var e *awscloud.Error
	if !errors.As(err, &e) || e.Kind != kind || !strings.Contains(e.Remedy, remedy) || e.Message == "" {
		t.Errorf("want %s with %q, got %+v", kind, remedy, e)
	}
	if len(w.read(grant.Stream(key))) != before {
		t.Error("what was not handed out is recorded")
	}
}
