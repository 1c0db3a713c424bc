package ledger

import "errors"

// fault is what an error of the ledger means to people, and what to do about it.
type fault struct {
	happened, remedy string
}

// faults are those whose words depend on nothing else, the most particular first.
var faults = []struct {
	err error
	fault
}{
	{ErrUnfinished, fault{"what is named as the ledger is a copy that has not come to its end", "name the ledger that is copied, or run the same sluice ledger copy again to finish it"}},
	{ErrNewer, fault{"a newer version of Sluice wrote the ledger", "use that version, or a later one, of the provider"}},
	{ErrForeign, fault{"what is named as the ledger is something else", "name a ledger of Sluice, or a place where nothing is yet"}},
	{ErrReadOnly, fault{"the ledger can be read and not written", "give this user the right to write the ledger's file and its folder, or in a database or a bucket the rights of a releaser"}},
	{ErrFull, fault{"the ledger's store is full, so nothing more can be recorded", "make room on the disk of the ledger, or in its database, and apply again"}},
	{ErrBusy, fault{"other processes held the ledger for longer than a call may wait", "apply again; when it stays so, look which process holds the ledger's file open, or what is slow in the database or the bucket"}},
}

// elsewhere is what to do first for a state whose ledger is not what was found.
const elsewhere = "name the right one in the provider block or in SLUICE_LEDGER; to move one that still exists to where nothing is: sluice ledger copy --ledger OLD --to NEW; when it is gone, restore it from a copy; "

// Words says what an error of the ledger means and what to do about it, the same
// wherever it is shown. Both are empty where err is none that they depend on, and no
// remedy repeats the error's own text.
func Words(err error) (happened, remedy string) {
	var (
		sealed  *SealedError
		lost    *LostError
		corrupt *CorruptError
		bound   *BoundError
	)
	rebind := "sluice ledger rebind --reason \"...\""
	if errors.As(err, &bound) {
		rebind = bound.Rebind()
	}
	if bound == nil {
		// To whom a state has bound the ledger, what to do about the loss comes first.
		if happened, remedy = placed(err); happened != "" {
			return happened, remedy
		}
	}
	switch {
	case errors.As(err, &sealed) && sealed.Sealing.Done:
		return "the ledger has moved to " + sealed.Sealing.To + ", and nothing more is recorded here", "name that one in the provider block's ledger or in SLUICE_LEDGER" + sealed.Sealing.Named() + "; it has the same id, so the state stays as it is"
	case errors.As(err, &sealed):
		return "the ledger is being moved to " + sealed.Sealing.To + ", and nothing more is recorded here", "wait for sluice ledger copy to end, or run it again when it was cut short, and then name that one in the provider block's ledger or in SLUICE_LEDGER" + sealed.Sealing.Named()
	case errors.As(err, &lost):
		return "the ledger lacks records that this state has seen, so it was brought back from an older copy; what they said of quarantine, holds and what serves is not known to it",
			"bring a newer copy back; when what is missing is lost for good, look with sluice drift and say so with: " + rebind + "; to go back meanwhile: sluice rollback --spec FILE"
	case errors.Is(err, ErrMissing) && bound == nil:
		// Nothing says that it was ever there.
		return "there is no ledger at the place that is named", "name the right one in the provider block or in SLUICE_LEDGER; when this is the right one, the first apply that records something creates it; when it was there before, restore it"
	case errors.Is(err, ErrMissing):
		return "the ledger that this state was written against is not there",
			elsewhere + "only when there is none, start again from a new one with: " + rebind
	case errors.Is(err, ErrOtherLedger):
		return "this is not the ledger that this state was written against",
			elsewhere + "only when there is none, bind this one in its place with: " + rebind
	case errors.As(err, &corrupt):
		return "the ledger is not what was written", "find out who changed it, and restore it from a copy; sluice verify shows how far it holds"
	}
	for _, f := range faults {
		if errors.Is(err, f.err) {
			return f.happened, f.remedy
		}
	}
	return "", ""
}
