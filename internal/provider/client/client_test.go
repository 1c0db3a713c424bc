package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/dependency"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

func at(t *testing.T, path string) *Client {
	t.Helper()
	c := &Client{World: World{Clock: clock.System{}, Version: "test"}, URL: "sqlite:" + path, Actor: "tester@acme", LeaseTTL: time.Minute}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestOnlyWritingCreatesALedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "ledger.db")
	c := at(t, path)
	if _, err := c.Existing(t.Context()); !errors.Is(err, ledger.ErrMissing) {
		t.Fatalf("Existing: %v, want ErrMissing", err)
	}
	if _, err := c.Same(t.Context(), "id"); !errors.Is(err, ledger.ErrMissing) {
		t.Fatalf("Same: %v, want ErrMissing", err)
	}
	empty, err := c.Forecasting(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if heads, err := empty.Heads(t.Context(), "release/"); err != nil || len(heads) != 0 {
		t.Errorf("a ledger that is not there yet says %v, %v", heads, err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Fatalf("something was made: %v", err)
	}
	written, err := c.Writing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.Existing(t.Context()); err != nil || again != written {
		t.Errorf("Existing gives another handle: %v", err)
	}
}

// Whoever could not ask a ledger at configure asks it before the first write: what it says
// is above must have been given, by those too who say nothing of scopes.
func TestNobodyWritesWhatLiesBelowWithoutWhatIsAbove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	first := at(t, path)
	first.Scopes = scope.Config{Scope: "acme/retail", Above: []scope.Above{{Scope: "acme", URL: "sqlite:" + path + ".acme"}}}
	if _, err := first.Writing(t.Context()); err != nil {
		t.Fatal(err)
	}
	var missing *scope.MissingError
	if _, err := at(t, path).Writing(t.Context()); !errors.As(err, &missing) {
		t.Errorf("neither scope nor above: %v", err)
	}
	upper := at(t, path)
	upper.Scopes.Above = first.Scopes.Above
	if _, err := upper.Writing(t.Context()); err != nil {
		t.Errorf("what is above alone: %v", err)
	}
}

func TestTheSameLedgerIsToldFromAnother(t *testing.T) {
	c := at(t, filepath.Join(t.TempDir(), "ledger.db"))
	l, err := c.Writing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id, err := l.ID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for want, is := range map[string]error{id: nil, "": nil, "another": ledger.ErrOtherLedger} {
		if _, err := c.Same(t.Context(), want); !errors.Is(err, is) || is == nil && err != nil {
			t.Errorf("Same(%q) = %v, want %v", want, err, is)
		}
	}
}

func TestTheEngineIsThisProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	a, b := at(t, path), at(t, path)
	l, err := a.Writing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first, second := a.Engine(l), a.Engine(l)
	if first.Holder != second.Holder || first.Holder == b.Engine(l).Holder {
		t.Error("a holder names one process and no other")
	}
	if first.Actor != "tester@acme" || first.LeaseTTL != time.Minute || first.SpoolDir != filepath.Join(filepath.Dir(path), "spool") {
		t.Errorf("the engine is %q, %s, %q", first.Actor, first.LeaseTTL, first.SpoolDir)
	}
	if len(first.Gates) != 7 {
		t.Errorf("there are %d gates", len(first.Gates))
	}
}

func TestAPlannedRolloutIsRemembered(t *testing.T) {
	c := &Client{}
	key := release.Key{Service: "checkout", Environment: "production"}
	if c.Planned(key) {
		t.Error("nothing is planned yet")
	}
	c.Plan(key)
	if !c.Planned(key) || c.Planned(release.Key{Service: "cart", Environment: "production"}) {
		t.Error("the plan of one release is that of another")
	}
}

func TestALossIsRemembered(t *testing.T) {
	c := &Client{}
	key, missing := release.Key{Service: "checkout", Environment: "production"}, errors.New("record 7 is not there")
	if c.Lost(key) != nil {
		t.Error("nothing is lost yet")
	}
	c.Lose(key, missing)
	if !errors.Is(c.Lost(key), missing) || c.Lost(release.Key{Service: "cart", Environment: "production"}) != nil {
		t.Error("the loss of one release is that of another")
	}
}

func TestOnlyAClientIsAClient(t *testing.T) {
	c := &Client{}
	if got, wrong := From(c); got != c || wrong != "" {
		t.Errorf("From(client) = %v, %q", got, wrong)
	}
	if got, wrong := From(nil); got != nil || wrong != "" {
		t.Errorf("From(nil) = %v, %q", got, wrong)
	}
	if _, wrong := From("x"); wrong == "" {
		t.Error("a string is no client")
	}
}

// The forecasts of one plan ask a health check once, however many releases there are.
func TestForecastsShareTheAnswerToAHealthCheck(t *testing.T) {
	var asked atomic.Int64
	psp := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(psp.Close)
	c := at(t, filepath.Join(t.TempDir(), "ledger.db"))
	c.Clock = clock.NewFake(time.Date(2026, 11, 27, 14, 3, 0, 0, time.UTC))
	l, err := c.Writing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	content := fmt.Sprintf(`{"name":"psp","checks":[{"name":"status","url":%q,"expect":{}}]}`, psp.URL)
	put := ledger.Put{Kind: dependency.ObjectKind, Name: "psp", Content: json.RawMessage(content), Actor: "ci", At: c.Clock.Now()}
	if _, err := ledger.PutObject(t.Context(), l, put); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			subject := gate.Subject{Service: fmt.Sprint("s", i), Environment: "production", ExternalDependencies: []string{"psp"}}
			for _, g := range c.Forecaster(l).Gates {
				if r := g.Check(t.Context(), subject, c.Clock.Now()); r.Gate == "dependency" && r.Status != gate.Pass {
					t.Errorf("%+v", r)
				}
			}
		})
	}
	all.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("200 forecasts asked %d times", n)
	}
}

// TestAMovedLedgerIsRefusedAtPlan: once the copy is in use nothing is planned against
// the old place; while it is copied, plans can still read.
func TestAMovedLedgerIsRefusedAtPlan(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := at(t, path).Writing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	source, ok := ledger.As[ledger.Source](l)
	if !ok {
		t.Fatal("it cannot be moved")
	}
	s := ledger.Sealing{To: "s3://acme-sluice/payments", By: "kim@acme", At: clock.System{}.Now(), Mark: "one"}
	for _, done := range []bool{false, true} {
		s.Done = done
		if err := source.SealOff(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		var sealed *ledger.SealedError
		_, existing := at(t, path).Existing(t.Context())
		_, writing := at(t, path).Writing(t.Context())
		if errors.As(existing, &sealed) != done || errors.As(writing, &sealed) != done {
			t.Errorf("moved %t: %v; %v", done, existing, writing)
		}
	}
}
