package diags

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
)

// Unable gives summary and detail of an error that stopped work on an object:
// "Unable to <verb> <thing> <name>", what happened, what it means for what
// serves, what to do, and the original error. One that is to
// be told once (Once) has but a line the second time.
func Unable(verb, thing, name string, err error) (summary, detail string) {
	summary = fmt.Sprintf("Unable to %s %s %s", verb, thing, name)
	happened, remedy := words(err)
	var again *onceError
	if errors.As(err, &again) {
		if first := again.once.told(summary); first != summary {
			return summary, "What happened: " + happened + ". What to do is said once, under: " + first + "."
		}
	}
	parts := []string{
		"What happened: " + happened + ".",
		"What serves is as it was: this touched no target.",
		"What to do: " + remedy + ".",
		"Original error: " + err.Error(),
	}
	return summary, strings.Join(parts, "\n")
}

// words says what an error means and what to do about it: what the ledger's own words do
// not say of it.
func words(err error) (happened, remedy string) {
	if happened, remedy = ledger.Words(err); happened != "" {
		return happened, remedy
	}
	var conflict *ledger.ConflictError
	switch {
	case errors.Is(err, ledgers.ErrURL):
		return "the ledger's URL cannot be used", "correct it in the provider block or in SLUICE_LEDGER"
	case errors.Is(err, ledgers.ErrImplicit):
		return "nobody named the ledger, and its default would not last here", "name it in the provider block or in SLUICE_LEDGER"
	case errors.Is(err, context.DeadlineExceeded):
		return "the time that was given for it ran out", "apply again; when it stays so, give it more in timeouts, or look at what answers slowly"
	case errors.Is(err, context.Canceled):
		return "it was asked to stop", "apply again"
	case errors.As(err, &conflict):
		return "somebody else changed it at the same moment", "plan again, and look at what they did"
	default:
		return "the ledger or the target could not be used", "see the original error; nothing else was begun"
	}
}
