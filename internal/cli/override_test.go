package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
)

// declare puts windows into the world's ledger, as another workspace would.
func (w *world) declare(windows ...calendar.Window) {
	w.t.Helper()
	l, err := ledgers.Open(w.t.Context(), ledgers.Default(), ledgers.Options{Clock: w.clock})
	if err != nil {
		w.t.Fatal(err)
	}
	defer l.Close()
	for _, one := range windows {
		content, err := json.Marshal(one)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := ledger.PutObject(w.t.Context(), l, ledger.Put{Kind: window.ObjectKind, Name: one.Name, Content: content, Actor: "central@acme", At: w.clock.Now()}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// closing is a freeze of production over the day on which these tests play.
func closing() calendar.Window {
	return calendar.Window{
		Name: "quarter end", Kind: calendar.Freeze, TimeZone: "Europe/Berlin", Reason: "closing of the books", Owner: "finance", Regulation: "SOX 404",
		Scope:    calendar.Scope{Tiers: []string{"production"}},
		Absolute: []calendar.Span{{StartsAt: "2026-03-01", EndsAt: "2026-03-03"}},
	}
}

// command is the line of a refusal that a person copies.
func command(t *testing.T, text string) []string {
	t.Helper()
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "sluice override ") {
			line = strings.NewReplacer(`"..."`, "mend", "'quarter end'", "quarter_end").Replace(line)
			args := strings.Fields(line)[1:]
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "quarter_end", "quarter end")
			}
			return args
		}
	}
	t.Fatalf("there is no command that overrides in:\n%s", text)
	return nil
}

func TestARefusalPrintsTheCommandThatOverridesIt(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	w.declare(closing())
	refused := w.expect(Blocked, "gates", "checkout/production")
	contains(t, refused.out, `freeze "quarter end" until 2026-03-04 00:00 Europe/Berlin: closing of the books [SOX 404] (finance)`,
		`sluice override checkout/production --digest `+good.Key()+` --window 'quarter end' --reason "..." --expires 2h`)

	args := command(t, refused.out)
	recorded := w.expect(Done, args...)
	contains(t, recorded.out, `Overridden: window "quarter end" for checkout/production`, "mend", "by kim@acme at 2026-03-02", "until 2026-03-02")
	passes := w.expect(Done, "gates", "checkout/production")
	contains(t, passes.out, "OVERRIDE: kim@acme overrode window", "OVERRIDDEN: freeze", "can start now")

	// It is bound to the digest, and to the environment.
	if _, err := w.ship(t.Context(), third); err == nil || !strings.Contains(err.Error(), "quarter end") {
		t.Errorf("another artifact went through: %v", err)
	}
	listed := w.expect(Done, "override", "list", "--json")
	var list []overrideJSON
	if err := json.Unmarshal([]byte(listed.out), &list); err != nil || len(list) != 1 {
		t.Fatalf("%v in %s", err, listed.out)
	}
	if o := list[0]; o.Digest != good.Key() || o.Release != "checkout/production" || o.By != "kim@acme" || o.Reason != "mend" || !o.InForce || o.Expires.Sub(o.At) != 2*time.Hour {
		t.Errorf("the record is %+v", o)
	}

	// It ends by itself.
	w.clock.Advance(2 * time.Hour)
	contains(t, w.expect(Blocked, "gates", "checkout/production").out, `freeze "quarter end"`)
	contains(t, w.expect(Done, "override", "list").out, "over since")
}

func TestAnOverrideCanBeTakenBack(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.declare(closing())
	w.expect(Done, "override", "checkout/production", "--digest", "1.0.0", "--window", "quarter end", "--reason", "mend", "--expires", "2h")
	w.expect(Done, "gates", "checkout/production")
	w.expect(Done, "override", "withdraw", "checkout/production", "--digest", "1.0.0", "--window", "quarter end", "--reason", "not needed")
	w.expect(Blocked, "gates", "checkout/production")
	contains(t, w.expect(Done, "override", "list", "checkout/production").out, "withdrawn by kim@acme", "not needed")
	contains(t, w.expect(Failed, "override", "withdraw", "checkout/production", "--digest", "1.0.0", "--window", "quarter end", "--reason", "again").errors,
		`no override of the window "quarter end" for this artifact of checkout/production is in force`)
}

func TestAnOverrideIsRefused(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	mine, nobodys := closing(), closing()
	mine.Name, mine.OverrideBy = "theirs", []string{"*@sre.example"}
	nobodys.Name, nobodys.OverrideBy = "nobodys", []string{}
	w.declare(closing(), mine, nobodys)
	whole := []string{"override", "checkout/production", "--digest", first.Key(), "--window", "quarter end", "--reason", "mend", "--expires", "2h"}
	with := func(flag, value string) []string {
		args := append([]string{}, whole...)
		for i := range args {
			if args[i] == flag {
				args[i+1] = value
			}
		}
		return args
	}
	for name, c := range map[string]struct {
		code int
		args []string
		want string
	}{
		"no digest":          {BadUsage, with("--digest", ""), "--digest is required: an override is bound to one artifact, for example"},
		"half a digest":      {BadUsage, with("--digest", "sha256:abcdef"), "is no whole digest"},
		"no window":          {BadUsage, whole[:4], "--window is required"},
		"an unknown window":  {BadUsage, with("--window", "black-friday"), `the ledger declares no window "black-friday"; it declares "nobodys", "quarter end", "theirs"`},
		"no reason":          {BadUsage, with("--reason", ""), "--reason is missing"},
		"a reason of blanks": {BadUsage, with("--reason", "  "), "it has no reason"},
		"no end":             {BadUsage, with("--expires", ""), "--expires is required: an override ends by itself"},
		"an end in words":    {BadUsage, with("--expires", "soon"), `--expires "soon" is no time and no duration`},
		"an end behind":      {BadUsage, with("--expires", "2026-01-01T00:00:00Z"), "give an end that lies ahead"},
		"an end far ahead":   {BadUsage, with("--expires", "25h"), "longer than the 24 hours that are allowed"},
		"not a release":      {BadUsage, []string{"override", "checkout"}, `"checkout" does not name a release`},
		"somebody else":      {Blocked, with("--window", "theirs"), `kim@acme may not override the window "theirs": its attribute override_by allows *@sre.example`},
		"nobody":             {Blocked, with("--window", "nobodys"), "override_by allows nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			contains(t, w.expect(c.code, c.args...).errors, c.want)
		})
	}
	contains(t, w.expect(Done, "override", "list").out, "Nothing was overridden.")
	contains(t, w.expect(Blocked, "gates", "checkout/production").out, `nobody may override window "nobodys"`)
}
