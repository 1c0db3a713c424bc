package diags

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
)

func TestAFieldsPathIsTheAttributes(t *testing.T) {
	cases := map[string]struct {
		base path.Path
		text string
		want path.Path
	}{
		"nothing":          {path.Empty(), "", path.Empty()},
		"a name":           {path.Empty(), "bake", path.Root("bake")},
		"a step":           {path.Empty(), "canary.steps[2].weight", path.Root("canary").AtName("steps").AtListIndex(2).AtName("weight")},
		"a map's key":      {path.Empty(), `analysis.metrics["errors"].ceiling`, path.Root("analysis").AtName("metrics").AtMapKey("errors").AtName("ceiling")},
		"a key with dots":  {path.Empty(), `metrics["a.b]\"c"].x`, path.Root("metrics").AtMapKey(`a.b]"c`).AtName("x")},
		"below a base":     {path.Root("artifact"), "version", path.Root("artifact").AtName("version")},
		"the base itself":  {path.Root("artifact"), "", path.Root("artifact")},
		"an index at once": {path.Root("regions"), "[1]", path.Root("regions").AtListIndex(1)},
		"malformed":        {path.Empty(), "steps[x].weight", path.Root("steps")},
		"not closed":       {path.Empty(), `metrics["a`, path.Root("metrics")},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Path(tc.base, tc.text); !got.Equal(tc.want) {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestEachFieldGetsItsOwnMessage(t *testing.T) {
	got := Fields(path.Empty(), "Invalid strategy", field.Errors{{Path: "bake", Msg: "too long"}, {Msg: "no kind"}})
	var lines []string
	for _, d := range got {
		at := ""
		if p, ok := d.(interface{ Path() path.Path }); ok {
			at = p.Path().String()
		}
		lines = append(lines, at+"|"+d.Summary()+"|"+d.Detail())
	}
	want := []string{"bake|Invalid strategy|too long", "|Invalid strategy|no kind"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnErrorSaysWhatHappenedAndWhatToDo(t *testing.T) {
	summary, detail := Unable("read", "environment", "production", fmt.Errorf("%w: no file", ledger.ErrMissing))
	if summary != "Unable to read environment production" {
		t.Errorf("summary %q", summary)
	}
	want := strings.Join([]string{
		"What happened: there is no ledger at the place that is named.",
		"What serves is as it was: this touched no target.",
		"What to do: name the right one in the provider block or in SLUICE_LEDGER; when this is the right one, the first apply that records something creates it; when it was there before, restore it.",
		"Original error: the ledger does not exist: no file",
	}, "\n")
	if diff := cmp.Diff(want, detail); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnErrorSaysWithWhichCommandALostLedgerIsReplaced(t *testing.T) {
	for _, err := range []error{ledger.ErrMissing, ledger.ErrOtherLedger} {
		_, detail := Unable("read", "environment", "production", fmt.Errorf("reading: %w", &ledger.BoundError{Want: "6f1c", Err: err}))
		if want := "with: sluice ledger rebind --from 6f1c --reason \"...\".\n"; !strings.Contains(detail, want) {
			t.Errorf("%v: it does not say %q:\n%s", err, want, detail)
		}
	}
}

func TestEachErrorOfTheLedgerHasItsOwnWords(t *testing.T) {
	errs := []error{
		ledger.ErrMissing, ledger.ErrOtherLedger, ledger.ErrNewer, ledger.ErrForeign, ledger.ErrReadOnly, ledger.ErrFull,
		ledger.ErrBusy, ledger.ErrUnfinished, &ledger.LostError{}, &ledger.SealedError{}, &ledger.SealedError{Sealing: ledger.Sealing{To: "s3://acme-sluice/payments", Done: true}}, ledgers.ErrURL, ledgers.ErrImplicit, &ledger.CorruptError{}, &ledger.ConflictError{}, context.DeadlineExceeded, context.Canceled, errors.New("else"),
	}
	seen := map[string]error{}
	for _, err := range errs {
		happened, remedy := words(fmt.Errorf("wrapped: %w", err))
		if happened == "" || remedy == "" {
			t.Errorf("%v has no words", err)
		}
		if other, ok := seen[happened]; ok {
			t.Errorf("%v and %v share their words", err, other)
		}
		seen[happened] = err
	}
}
