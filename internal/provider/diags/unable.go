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
// serves, what to do, and the original error.
func Unable(verb, thing, name string, err error) (summary, detail string) {
	summary = fmt.Sprintf("Unable to %s %s %s", verb, thing, name)
	happened, remedy := words(err)
	parts := []string{
		"What happened: " + happened + ".",
		"What serves is as it was: this touched no target.",
		"What to do: " + remedy + ".",
		"Original error: " + err.Error(),
	}
	return summary, strings.Join(parts, "\n")
}

// words says what an error of the ledger means and what to do about it.
func words(err error) (happened, remedy string) {
	var conflict *ledger.ConflictError
	var corrupt *ledger.CorruptError
	var bound *ledger.BoundError
	var sealed *ledger.SealedError
	var lost *ledger.LostError
	rebind := "sluice ledger rebind --reason \"...\""
	if errors.As(err, &bound) {
		rebind = bound.Rebind()
	}
	switch {
	case errors.As(err, &sealed) && sealed.Sealing.Done:
		return "the ledger has moved to " + sealed.Sealing.To + ", and nothing more is recorded here", "name that one in the provider block's ledger or in SLUICE_LEDGER; it has the same id, so the state stays as it is"
	case errors.As(err, &sealed):
		return "the ledger is being moved to " + sealed.Sealing.To + ", and nothing more is recorded here", "wait for sluice ledger copy to end, or run it again when it was cut short, and then name that one in the provider block's ledger or in SLUICE_LEDGER"
	case errors.As(err, &lost):
		return "the ledger lacks records that this state has seen, so it was brought back from an older copy; what they said of quarantine, holds and what serves is not known to it",
			"bring a newer copy back; when what is missing is lost for good, look with sluice drift and say so with: " + rebind + "; what goes back is not held up: sluice rollback, or sluice rollback --spec FILE"
	case errors.Is(err, ledger.ErrUnfinished):
		return "what is named as the ledger is a copy that has not come to its end", "name the ledger that is copied, or run the same sluice ledger copy again to finish it"
	case errors.Is(err, ledger.ErrMissing):
		return "the ledger that this state was written against is not there",
			"put it back, or name the right one in the provider block or in SLUICE_LEDGER; when it is lost for good, start again from a new one with: " + rebind
	case errors.Is(err, ledger.ErrOtherLedger):
		return "this is not the ledger that this state was written against",
			"name the right one in the provider block or in SLUICE_LEDGER; when that one is lost for good, bind this one in its place with: " + rebind
	case errors.Is(err, ledger.ErrNewer):
		return "a newer version of Sluice wrote the ledger", "use that version, or a later one, of the provider"
	case errors.Is(err, ledger.ErrForeign):
		return "the file named as the ledger is something else", "name a ledger of Sluice, or a path where there is no file yet"
	case errors.Is(err, ledger.ErrReadOnly):
		return "the ledger can be read and not written", "give this user the right to write the ledger's file and its folder, or in a database or a bucket the rights of a releaser"
	case errors.Is(err, ledger.ErrFull):
		return "the disk of the ledger is full, so nothing more can be recorded", "make room and apply again"
	case errors.Is(err, ledger.ErrBusy):
		return "other processes held the ledger for longer than a call may wait", "apply again; when it stays so, look which process holds the ledger's file open"
	case errors.Is(err, ledgers.ErrURL):
		return "the ledger's URL cannot be used", "correct it in the provider block or in SLUICE_LEDGER"
	case errors.Is(err, ledgers.ErrImplicit):
		return "nobody named the ledger, and its default would not last here", "name it in the provider block or in SLUICE_LEDGER"
	case errors.As(err, &corrupt):
		return "the ledger is not what was written", "find out who changed it, and restore it from a copy; sluice verify shows how far it holds"
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
