package scope_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

var noon = time.Date(2026, 11, 27, 11, 0, 0, 0, time.UTC)

func TestPaths(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"acme": "", "acme/retail/checkout-2": "", "": "is empty", "/acme": `has the part ""`, "acme/": `has the part ""`,
		"Acme": `has the part "Acme"`, "acme/../globex": `has the part ".."`, "acme/re tail": `has the part "re tail"`, "a/b/c/d/e/f": "has 6 names",
		"acme/-x": `has the part "-x"`, "acme/" + strings.Repeat("x", 64): "has the part",
	} {
		_, err := scope.ParsePath(text)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), `for example "acme/retail/checkout"`)) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
	if p := scope.Path("acme/retail"); p.Below("acme/retail") || !p.Below("acme") || p.Below("acme/ret") || scope.Path("acmeco/x").Below("acme") || p.Below("") {
		t.Error("what lies below what is wrong")
	}
	if above, name := scope.SplitName(scope.Path("acme/retail").Name("black-friday")); above != "acme/retail" || name != "black-friday" {
		t.Errorf("%q, %q", above, name)
	}
}

func TestWhatIsGivenIsChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scope string
		above map[string]string
		want  []string
	}{
		"good":                 {"acme/retail/checkout", map[string]string{"acme": "sqlite:a", "acme/retail": "sqlite:r"}, nil},
		"a wrong scope":        {"Acme", nil, []string{`scope: the scope "Acme" has the part "Acme"`}},
		"a wrong one above":    {"acme/retail", map[string]string{"ACME": "sqlite:a"}, []string{`above["ACME"]: the scope "ACME"`}},
		"itself":               {"acme/retail", map[string]string{"acme/retail": "sqlite:a"}, []string{`above["acme/retail"]: the scope acme/retail is the given one itself, and no scope is above itself; above it are "acme"`}},
		"a circle":             {"acme", map[string]string{"acme/retail": "sqlite:a"}, []string{`above["acme/retail"]: the scope acme/retail does not lie above acme; above it are none, since it is an organisation`}},
		"beside it":            {"acme/retail", map[string]string{"acme/toys": "sqlite:a"}, []string{`acme/toys does not lie above acme/retail`}},
		"another organisation": {"acme/retail", map[string]string{"globex": "sqlite:a"}, []string{`above["globex"]: the scope globex is of another organisation than acme/retail`}},
		"its own ledger":       {"acme/retail", map[string]string{"acme": "sqlite:own"}, []string{`above["acme"]: its ledger is this one's too`}},
		"one ledger twice":     {"acme/retail/x", map[string]string{"acme": "sqlite:a", "acme/retail": "sqlite:a"}, []string{`above["acme/retail"]: its ledger is that of acme too`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, errs := scope.Given("sqlite:own", c.scope, c.above)
			if len(errs) != len(c.want) {
				t.Fatalf("%v, want %q", errs, c.want)
			}
			for i, want := range c.want {
				if !strings.Contains(errs[i].Error(), want) {
					t.Errorf("%v, want %q", errs[i], want)
				}
			}
			if len(c.want) == 0 {
				if diff := cmp.Diff([]string{"acme/retail", "acme"}, got.Paths()); diff != "" {
					t.Errorf("the nearest comes first (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestTheFormOfTheEnvironment(t *testing.T) {
	t.Parallel()
	got, err := scope.ParseAbove("acme=postgres://u:p@h/x?sluice_schema=acme; acme/retail=sqlite:/a b/c.db\n", "x=s3://b/p")
	if diff := cmp.Diff(map[string]string{"acme": "postgres://u:p@h/x?sluice_schema=acme", "acme/retail": "sqlite:/a b/c.db", "x": "s3://b/p"}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for text, says := range map[string]string{"postgres://u:s3cret@h/x": "is given as SCOPE=URL", "acme=": "is given as SCOPE=URL", "a=b;a=c": "given twice"} {
		if _, err := scope.ParseAbove(text); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// world is an organisation, a unit and a team, each with a ledger.
type world struct {
	t       *testing.T
	clock   *clock.Fake
	ledgers map[scope.Path]*mem.Ledger
	opened  []string
	// open, if set, answers instead.
	open scope.Opener
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clock: clock.NewFake(noon), ledgers: map[scope.Path]*mem.Ledger{}}
	for _, p := range []scope.Path{"acme", "acme/retail", "acme/retail/checkout"} {
		w.ledgers[p] = mem.New(noon)
		w.bind(p)
	}
	return w
}

func (w *world) bind(p scope.Path) {
	w.t.Helper()
	if _, err := scope.Bind(w.t.Context(), w.ledgers[p], w.config(p), "ci@acme", noon); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) config(p scope.Path) scope.Config {
	w.t.Helper()
	above := map[string]string{}
	for _, other := range []scope.Path{"acme", "acme/retail"} {
		if p.Below(other) {
			above[string(other)] = "mem:" + string(other)
		}
	}
	c, errs := scope.Given("mem:"+string(p), string(p), above)
	if err := errs.Err(); err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) view(p scope.Path) *scope.View {
	return scope.New(w.ledgers[p], w.config(p), func(ctx context.Context, url string) (ledger.Ledger, error) {
		w.opened = append(w.opened, url)
		if w.open != nil {
			return w.open(ctx, url)
		}
		return w.ledgers[scope.Path(strings.TrimPrefix(url, "mem:"))], nil
	}, w.clock)
}

func (w *world) put(p scope.Path, kind, name string) {
	w.t.Helper()
	if _, err := ledger.PutObject(w.t.Context(), w.ledgers[p], ledger.Put{Kind: kind, Name: name, Content: json.RawMessage(`{}`), Actor: "x", At: noon}); err != nil {
		w.t.Fatal(err)
	}
}

func TestTheNearestIsFoundAndNothingIsOpenedBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put("acme", "strategy", "careful")
	w.put("acme", "strategy", "quick")
	w.put("acme/retail", "strategy", "careful")
	w.put("acme/retail/checkout", "strategy", "own")
	v := w.view("acme/retail/checkout")
	if _, err := scope.Find(t.Context(), v, "strategy", "own"); err != nil || len(w.opened) != 0 {
		t.Errorf("%v; opened %v for what is at hand", err, w.opened)
	}
	for name, by := range map[string]scope.Path{"own": "acme/retail/checkout", "careful": "acme/retail", "quick": "acme"} {
		if got, err := scope.Find(t.Context(), v, "strategy", name); err != nil || got.Level.Scope != by {
			t.Errorf("%s: of %q, %v", name, got.Level.Scope, err)
		}
	}
	if _, err := scope.Find(t.Context(), v, "strategy", "none"); !errors.Is(err, ledger.ErrNotFound) {
		t.Error(err)
	}
	all, err := scope.List(t.Context(), v, "strategy")
	var names []string
	for _, o := range all {
		names = append(names, o.Level.Name(o.Name))
	}
	if diff := cmp.Diff([]string{"own", "acme/retail/careful", "acme/careful", "acme/quick"}, names); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if len(w.opened) != 2 {
		t.Errorf("opened %v, want each once", w.opened)
	}
}

func TestNobodyWritesUpwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.view("acme/retail")
	higher, err := scope.Higher(t.Context(), v)
	if err != nil || len(higher) != 1 {
		t.Fatal(higher, err)
	}
	if _, err := ledger.PutObject(t.Context(), higher[0].Ledger, ledger.Put{Kind: "k", Name: "n", Content: json.RawMessage(`{}`), Actor: "x", At: noon}); !errors.Is(err, ledger.ErrReadOnly) {
		t.Error(err)
	}
	if err := higher[0].Ledger.SwapLease(t.Context(), ledger.Lease{}, ledger.Lease{}); !errors.Is(err, ledger.ErrReadOnly) {
		t.Error(err)
	}
	if own, ok := ledger.As[ledger.Inspector](v); !ok || own != ledger.Inspector(w.ledgers["acme/retail"]) {
		t.Error("what the driver can do besides is lost")
	}
}

func TestALedgerAboveThatIsNotToBeTaken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		open func(w *world) scope.Opener
		says string
	}{
		"away":               {func(*world) scope.Opener { return failing(errors.New("no route to host")) }, "no route to host"},
		"missing":            {func(*world) scope.Opener { return failing(ledger.ErrMissing) }, "the first apply of its own workspace is still to come"},
		"without a scope":    {func(*world) scope.Opener { return giving(mem.New(noon)) }, "it does not say whose it is"},
		"another scope's":    {func(w *world) scope.Opener { return giving(w.ledgers["acme/retail/checkout"]) }, "is that of the scope acme/retail/checkout, and not that of acme"},
		"one's own":          {func(w *world) scope.Opener { return giving(w.ledgers["acme/retail"]) }, "is that of the scope acme/retail"},
		"not found, it says": {func(*world) scope.Opener { return failing(ledger.ErrNotFound) }, "not found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.open = c.open(w)
			v := w.view("acme/retail")
			_, err := scope.Find(t.Context(), v, "k", "none")
			var away *scope.UnreadableError
			if !errors.As(err, &away) || !strings.Contains(err.Error(), c.says) || errors.Is(err, ledger.ErrNotFound) || errors.Is(err, ledger.ErrMissing) {
				t.Fatalf("%v, want %q", err, c.says)
			}
			// It is left in peace for a while, and asked again then.
			asked := len(w.opened)
			if _, again := scope.Find(t.Context(), v, "k", "none"); again == nil || len(w.opened) != asked {
				t.Errorf("asked again at once: %v", again)
			}
			w.open = nil
			w.clock.Advance(20 * time.Second)
			if _, err := scope.Find(t.Context(), v, "k", "none"); !errors.Is(err, ledger.ErrNotFound) {
				t.Errorf("it is back, and: %v", err)
			}
		})
	}
}

// sealable is a ledger that says what sealed it.
type sealable struct {
	*mem.Ledger
	by *ledger.Sealing
}

func (s *sealable) Sealing(context.Context) (*ledger.Sealing, error) { return s.by, nil }

// A ledger above that has moved can still be read, and what was declared at its new
// place would be missed; while it is only being moved nothing can be declared anywhere.
func TestALedgerAboveThatHasMovedIsNotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	upper := &sealable{Ledger: w.ledgers["acme"]}
	w.open = giving(upper)
	v := w.view("acme/retail")
	for _, by := range []*ledger.Sealing{nil, {To: "s3://acme/new", By: "kim@acme"}} {
		upper.by = by
		w.clock.Advance(time.Minute)
		if _, err := scope.Find(t.Context(), v, "k", "none"); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("sealed by %v: %v", by, err)
		}
	}
	upper.by = &ledger.Sealing{To: "s3://acme/new", By: "kim@acme", Done: true}
	w.clock.Advance(time.Minute)
	_, err := scope.Find(t.Context(), v, "k", "none")
	var away *scope.UnreadableError
	if !errors.As(err, &away) || !strings.Contains(err.Error(), "it has moved to s3://acme/new (kim@acme, ") || !strings.Contains(err.Error(), "give that as the ledger of acme") || !strings.Contains(err.Error(), "for example s3://acme/new?region=eu-central-1") {
		t.Errorf("%v", err)
	}
}

func failing(err error) scope.Opener {
	return func(context.Context, string) (ledger.Ledger, error) { return nil, err }
}

func giving(l ledger.Ledger) scope.Opener {
	return func(context.Context, string) (ledger.Ledger, error) { return l, nil }
}

// A ledger above that hangs, and heeds no context, costs a bounded time, and nothing of
// what the scope's own ledger does.
func TestALedgerAboveThatHangs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	forever := make(chan struct{})
	t.Cleanup(func() { close(forever) })
	w.open = func(context.Context, string) (ledger.Ledger, error) { <-forever; return nil, errors.New("late") }
	v := w.view("acme/retail")
	if _, err := v.Append(t.Context(), "s", 0, ledger.Entry{ID: "1", Kind: "k", At: noon, Actor: "x", Body: json.RawMessage(`{}`)}); err != nil {
		t.Error(err)
	}
	begun := clock.System{}.Now()
	_, err := scope.Find(t.Context(), v, "k", "none")
	if took := (clock.System{}).Now().Sub(begun); err == nil || !strings.Contains(err.Error(), "did not answer within 3s") || took > 10*time.Second {
		t.Errorf("%v after %s", err, took)
	}
	// Nor does closing wait.
	v.CloseAbove()
}

func TestALedgerSaysWhoseItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.ledgers["acme/retail"]
	if wrote, err := scope.Bind(t.Context(), l, w.config("acme/retail"), "x", noon); wrote || err != nil {
		t.Errorf("a second time: %v, %v", wrote, err)
	}
	toys, _ := scope.Given("", "acme/toys", nil)
	globex, _ := scope.Given("", "globex", nil)
	alone, _ := scope.Given("", "acme/retail", nil)
	unsaid := scope.Config{Above: []scope.Above{{Scope: "globex"}}}
	for says, c := range map[string]scope.Config{
		"the ledger is that of the scope acme/retail, and not that of acme/toys": toys,
		"of another organisation, and not that of globex":                        globex,
		"says that acme is above it, and no ledger of acme is given":             alone,
		"globex does not lie above acme/retail":                                  unsaid,
	} {
		if _, err := scope.Bind(t.Context(), l, c, "x", noon); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
		if _, err := scope.Levels(t.Context(), scope.New(l, c, nil, w.clock)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("a look upwards: %v, want %q", err, says)
		}
	}
	// Who says nothing gets what the ledger says, and must give what is above.
	if _, err := scope.Levels(t.Context(), scope.New(w.ledgers["acme"], scope.Config{}, nil, w.clock)); err != nil {
		t.Error(err)
	}
	if got := scope.OwnPath(t.Context(), scope.New(w.ledgers["acme"], scope.Config{}, nil, w.clock)); got != "acme" {
		t.Errorf("it is %q", got)
	}
	if report, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{}); err != nil || report.Records != 2 {
		t.Errorf("%+v, %v", report, err)
	}
}
