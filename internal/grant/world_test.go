package grant_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/ststest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/grant"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
)

const role = "arn:aws:iam::123456789012:role/releases"

var (
	key   = release.Key{Service: "checkout", Environment: "production"}
	start = time.Date(2026, 11, 27, 14, 3, 0, 0, time.UTC)
	next  = payload("1.1.0", "b")
	was   = payload("1.0.0", "a")
)

func payload(version, digit string) artifact.Payload {
	digest := ""
	for range 64 {
		digest += digit
	}
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "s3://acme-builds/checkout/" + version + ".zip@sha256:" + digest}}
}

// door is a gate that answers what a test wants.
type door struct {
	status gate.Status
	asked  []gate.Subject
}

func (*door) Name() string { return "window" }
func (d *door) Check(_ context.Context, s gate.Subject, _ time.Time) gate.Result {
	d.asked = append(d.asked, s)
	return gate.Result{Gate: "window", Status: d.status, Reason: "freeze until monday"}
}

type world struct {
	testing.TB
	ledger ledger.Ledger
	clock  *clock.Fake
	door   *door
	sts    *ststest.Server
	// away is why the ledger cannot be had.
	away error
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{TB: t, ledger: mem.New(start), clock: clock.NewFake(start), door: &door{status: gate.Pass}}
	w.sts = ststest.New(t, w.clock.Now)
	w.sts.Credentials(t)
	w.sts.Roles[role] = ststest.Open()
	return w
}

// declare declares the environment.
func (w *world) declare() {
	w.Helper()
	put := ledger.Put{Kind: release.EnvironmentKind, Name: key.Environment, Content: json.RawMessage(`{"name":"production","tier":"production"}`), Actor: "ci", At: start}
	if _, err := ledger.PutObject(w.Context(), w.ledger, put); err != nil {
		w.Fatal(err)
	}
}

// opened writes a rollout down, and moves it.
func (w *world) opened(number int, body release.OpenedBody, states ...release.State) {
	w.Helper()
	body.Number = number
	body.Spec.Service, body.Spec.Environment = key.Service, release.Environment{Name: key.Environment, Tier: "production"}
	w.append(release.KindOpened, body)
	from := release.Opened
	for _, s := range states {
		w.append("rollout."+string(s), map[string]any{"rollout": number, "from": from, "step": 0})
		from = s
	}
}

func (w *world) append(kind string, body any) {
	w.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	records := w.read(key.Stream())
	_, err = w.ledger.Append(w.Context(), key.Stream(), uint64(len(records)), ledger.Entry{ID: uuid.NewString(), Kind: kind, At: start, Actor: "ci", Service: key.Service, Environment: key.Environment, Body: raw})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) read(stream string) []ledger.Record {
	w.Helper()
	records, err := w.ledger.Read(context.Background(), stream, 1)
	if err != nil {
		w.Fatal(err)
	}
	return records
}

// request asks for a Lambda's credentials.
func (w *world) request() grant.Request {
	w.Helper()
	needs, errs := lambda.Grant(awscloud.Place{Region: "eu-central-1", Account: "123456789012"}, json.RawMessage(`{"function":"checkout","packages":"acme-builds/checkout/*"}`))
	if len(errs) > 0 {
		w.Fatal(errs)
	}
	return grant.Request{
		Key: key, Next: next, Settings: awscloud.Settings{Region: "eu-central-1"}, Role: awscloud.Role{ARN: role, SourceIdentity: true},
		Driver: lambda.Name, Needs: needs, Actor: "ci@acme", UserAgent: "sluice/test", Organisation: "acme/retail",
	}
}

// open opens, and wants that to work.
func (w *world) open(req grant.Request) grant.Opened {
	w.Helper()
	out, err := grant.Open(w.Context(), req, w.engine)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

func (w *world) engine(context.Context) (*release.Engine, error) {
	if w.away != nil {
		return nil, w.away
	}
	return &release.Engine{Ledger: w.ledger, Clock: w.clock, Gates: []gate.Gate{w.door}, Actor: "ci@acme", Holder: "test"}, nil
}

// unwritable is a ledger that can only be read.
type unwritable struct{ ledger.Ledger }

func (unwritable) Append(context.Context, string, uint64, ledger.Entry) (ledger.Record, error) {
	return ledger.Record{}, errors.New("permission denied")
}

// stuck is a ledger that takes for ever to write.
type stuck struct{ ledger.Ledger }

func (stuck) Append(ctx context.Context, _ string, _ uint64, _ ledger.Entry) (ledger.Record, error) {
	<-ctx.Done()
	return ledger.Record{}, ctx.Err()
}
