package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// TestAPlaceIsNamedWithOnesOwn: a sealed ledger names a place and no whole URL, and says
// what is left out.
func TestAPlaceIsNamedWithOnesOwn(t *testing.T) {
	for to, want := range map[string]string{
		"s3://acme/moved":                             "with your own region, endpoint and other parameters, which are left out here, for example s3://acme/moved?region=eu-central-1",
		"postgres://h:5432/sluice":                    "with your own user and parameters, which are left out here, for example postgres://ci@h:5432/sluice",
		"postgres://h:5432/sluice?sluice_schema=team": "for example postgres://ci@h:5432/sluice?sluice_schema=team",
		"postgres:///sluice?host=/run/postgresql":     "for example postgres://ci@/sluice?host=/run/postgresql",
		"sqlite:/srv/ledger.db":                       "",
	} {
		for _, done := range []bool{true, false} {
			err := &ledger.SealedError{Sealing: ledger.Sealing{To: to, Done: done}}
			_, remedy := ledger.Words(err)
			for _, text := range []string{err.Error(), remedy} {
				if !strings.Contains(text, want) || want == "" && strings.Contains(text, "your own") {
					t.Errorf("%s: %s", to, text)
				}
			}
		}
	}
}

// TestWords: each error of the ledger has its meaning and what to do, and only a state
// that knew a ledger is told to bind another in its place.
func TestWords(t *testing.T) {
	const want = "6f1c2d3e-0000-4000-8000-000000000000"
	for name, c := range map[string]struct {
		err              error
		happened, remedy string
	}{
		"moved":             {&ledger.SealedError{Sealing: ledger.Sealing{To: "s3://acme", Done: true}}, "has moved to s3://acme", "name that one"},
		"being moved":       {&ledger.SealedError{Sealing: ledger.Sealing{To: "s3://acme"}}, "is being moved", "wait for sluice ledger copy to end"},
		"unfinished":        {ledger.ErrUnfinished, "has not come to its end", "run the same sluice ledger copy again"},
		"never there":       {ledger.ErrMissing, "no ledger at the place", "the first apply that records something creates it"},
		"lost":              {&ledger.BoundError{Want: want, Err: ledger.ErrMissing}, "is not there", "sluice ledger rebind --from " + want},
		"another":           {&ledger.BoundError{Want: want, Err: ledger.ErrOtherLedger}, "is not the ledger", "sluice ledger rebind --from " + want},
		"newer":             {ledger.ErrNewer, "a newer version", "use that version"},
		"something else":    {ledger.ErrForeign, "is something else", "where nothing is yet"},
		"read-only":         {ledger.ErrReadOnly, "can be read and not written", "the rights of a releaser"},
		"full":              {ledger.ErrFull, "is full", "make room"},
		"busy":              {ledger.ErrBusy, "other processes", "apply again"},
		"not as written":    {&ledger.CorruptError{Stream: "x", Seq: 3, Reason: "gap"}, "not what was written", "restore it from a copy"},
		"nothing of that":   {errors.New("no route to host"), "", ""},
		"no error at all":   {nil, "", ""},
		"only not found":    {ledger.ErrNotFound, "", ""},
		"of the place":      {ledger.Misplaced("there is no bucket x", "name another", ledger.ErrMissing), "there is no bucket x", "name another"},
		"bound to a place":  {&ledger.BoundError{Want: want, Err: ledger.Misplaced("there is no bucket x", "name another", ledger.ErrMissing)}, "is not there", "sluice ledger rebind --from " + want},
		"no place at all":   {ledger.Misplaced("x", "y", nil), "", ""},
		"lost by the state": {&ledger.LostError{}, "lacks records", "look with sluice drift"},
	} {
		err := c.err
		if err != nil {
			err = fmt.Errorf("opening: %w", err)
		}
		happened, remedy := ledger.Words(err)
		if !strings.Contains(happened, c.happened) || !strings.Contains(remedy, c.remedy) || (c.happened == "") != (happened == "") {
			t.Errorf("%s: %q, %q", name, happened, remedy)
		}
		// What brings the old ledger here comes before what gives it up, which is said once.
		moving, restoring, rebinding := strings.Index(remedy, "sluice ledger copy"), strings.Index(remedy, "restore it"), strings.Index(remedy, "rebind --from")
		if bound := strings.Contains(c.remedy, "rebind --from"); bound && (moving < 0 || restoring < moving || rebinding < restoring || strings.Contains(err.Error(), "rebind")) {
			t.Errorf("%s: %q of %q", name, remedy, err)
		}
		if name == "never there" && strings.Contains(remedy, "rebind") {
			t.Errorf("%s: it is told to rebind: %s", name, remedy)
		}
	}
}
