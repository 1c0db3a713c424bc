package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
)

// unsealJSON is what sluice ledger unseal --json writes.
type unsealJSON struct {
	Ledger string `json:"ledger"`
	// To is where it was to go; empty when it was not sealed.
	To string `json:"to"`
}

func (a *app) unsealCommand() *cobra.Command {
	var to, reason string
	var gone bool
	cmd := a.reads(&cobra.Command{
		Use:   "unseal (--to URL | --gone) --reason TEXT",
		Short: "Give a move up, and open the old ledger again",
		Long: `Opens a ledger again that sluice ledger copy sealed, when the copy is given up.

Two ledgers of one UUID must never both take records. So it looks at the copy that
--to names, and refuses when that is in use or about to be. --gone says instead, on
your word, that the copy is no more; that is refused too where the copy can be seen
to be in use or about to be.`,
		Example: `  sluice ledger unseal --to sqlite:moved/ledger.db --reason "the new server is too slow"
  sluice ledger unseal --gone --reason "the new server is no more" --json`,
		Args: takes(),
	})
	cmd.Flags().StringVar(&to, "to", "", "URL of the unfinished copy that is given up")
	cmd.Flags().BoolVar(&gone, "gone", false, "the copy does not exist any more")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record (required)")
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		if err := needReason(reason); err != nil {
			return err
		}
		if (to == "") == !gone {
			return badInput("name the copy that is given up, for example --to postgres://ledger.example/sluice, or say --gone when it is no more")
		}
		return a.upwards(ctx, ledgers.Options{MustExist: true}, func(l ledger.Ledger) error { return a.unseal(ctx, l, to, reason) })
	})
	return cmd
}

func (a *app) unseal(ctx context.Context, l ledger.Ledger, to, reason string) error {
	id, err := l.ID(ctx)
	if err != nil {
		return err
	}
	source, ok := ledger.As[ledger.Source](l)
	if !ok {
		return errors.New("this ledger cannot be sealed")
	}
	s, err := source.Sealing(ctx)
	if err != nil {
		return err
	}
	if s == nil {
		return a.unsealed(id, "")
	}
	if err := a.givenUp(ctx, id, to, *s); err != nil {
		return err
	}
	if err := source.Unseal(ctx, *s); err != nil {
		return err
	}
	body, err := json.Marshal(ledger.Unsealed{To: s.To, Mark: s.Mark, Reason: reason})
	if err != nil {
		return err
	}
	entry := ledger.Entry{ID: "unsealed-" + s.Mark, Kind: ledger.KindUnsealed, At: a.clock.Now(), Actor: a.actor(), Body: body}
	after := uint64(0)
	for {
		_, err := l.Append(ctx, ledger.LedgerStream, after, entry)
		var conflict *ledger.ConflictError
		if err == nil {
			return a.unsealed(id, s.To)
		}
		if !errors.As(err, &conflict) || conflict.Reused {
			return fmt.Errorf("the ledger is unsealed, and that could not be recorded: %w", err)
		}
		after = conflict.Last
	}
}

// givenUp says whether the copy is not in use. Where to is empty, somebody's word is
// taken for that, unless the copy came so far that it may be in use and is seen to be.
func (a *app) givenUp(ctx context.Context, id, to string, s ledger.Sealing) error {
	word := to == ""
	if word {
		if !s.Finishing && !s.Done {
			return nil
		}
		to = s.To
	} else if place := placeOf(to); place != s.To {
		return badInput("--to is %s, and the ledger was to go to %s; name that one, or say --gone when it is no more", place, s.To)
	}
	there, err := ledgers.Open(ctx, to, ledgers.Options{ReadOnly: true, Clock: a.clock})
	switch {
	case errors.Is(err, ledger.ErrUnfinished) && s.Finishing:
		return fmt.Errorf("%s has everything and was about to become the ledger, which may happen any moment; run the same sluice ledger copy again to finish it, or remove the copy first", s.To)
	case errors.Is(err, ledger.ErrMissing), errors.Is(err, ledger.ErrUnfinished), err != nil && word:
		return nil
	case err != nil:
		return fmt.Errorf("whether the copy is in use cannot be seen: %w; say --gone only when it is no more", err)
	}
	other, err := there.ID(ctx)
	err = errors.Join(err, there.Close())
	if err == nil && other == id {
		return fmt.Errorf("%s is the ledger now, and may have records that this one has not; go on there, and move it back with sluice ledger copy to another place if need be", s.To)
	}
	return err
}

func (a *app) unsealed(id, to string) error {
	if a.asJSON {
		return a.writeJSON(unsealJSON{Ledger: id, To: to})
	}
	if to == "" {
		a.say("The ledger %s is not sealed.", id)
		return nil
	}
	a.say("The ledger %s takes records again. The copy in\n%s is given up: remove it.", id, to)
	return nil
}
