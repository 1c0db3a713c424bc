package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// verifyJSON is what sluice verify --json writes.
type verifyJSON struct {
	Ledger string `json:"ledger"`
	// Whole is true when everything is as it was written.
	Whole       bool          `json:"whole"`
	Streams     int           `json:"streams"`
	Records     uint64        `json:"records"`
	Checkpoints uint64        `json:"checkpoints"`
	Problems    []problemJSON `json:"problems"`
}

// problemJSON names a record that is not what was written.
type problemJSON struct {
	// Stream and Seq name the record; Stream is empty where no one record is to
	// blame.
	Stream string `json:"stream"`
	Seq    uint64 `json:"seq"`
	Reason string `json:"reason"`
}

func (a *app) verifyCommand() *cobra.Command {
	var against, checkpoint string
	cmd := a.reads(&cobra.Command{
		Use:   "verify",
		Short: "Prove that the ledger is what was written",
		Long: `Reads the whole ledger and checks every hash, every chain and every checkpoint. A
change, a gap or a fork names its record, and the exit code is 1.

--checkpoint writes a checkpoint over everything there is now and saves its hash
to a file; keep that file where nobody who can write the ledger can write.
--against checks the ledger against such a file, so that a tail that was cut off
shows as well.`,
		Example: "  sluice verify\n  sluice verify --checkpoint anchor.json\n  sluice verify --against anchor.json --json",
		Args:    takes(),
	})
	cmd.Flags().StringVar(&against, "against", "", "file with the hash of an earlier checkpoint, which the ledger must still hold")
	cmd.Flags().StringVar(&checkpoint, "checkpoint", "", "file to save the hash of a new checkpoint to, when everything is whole")
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		opts, err := verifyOptions(against)
		if err != nil {
			return err
		}
		open := a.reading
		if checkpoint != "" {
			open = a.writing
		}
		return open(ctx, func(l ledger.Ledger) error {
			report, err := ledger.Verify(ctx, l, opts)
			if err := a.showReport(report, err); err != nil {
				return boundSince(ctx, l, opts.Against, report, err)
			}
			if checkpoint == "" {
				return nil
			}
			return a.saveCheckpoint(ctx, l, checkpoint)
		})
	})
	return cmd
}

func verifyOptions(against string) (ledger.VerifyOptions, error) {
	var opts ledger.VerifyOptions
	if against == "" {
		return opts, nil
	}
	raw, err := os.ReadFile(against)
	if err != nil {
		return opts, badInput("--against %s cannot be read: %w; it names a file that sluice verify --checkpoint FILE wrote, for example anchor.json", against, err)
	}
	anchor, err := ledger.ParseAnchor(raw)
	if err != nil {
		return opts, badInput("--against %s: %w", against, err)
	}
	opts.Against = &anchor
	return opts, nil
}

// showReport writes what was found. A damaged ledger is an error that names every
// record.
func (a *app) showReport(r ledger.Report, err error) error {
	var corrupt *ledger.CorruptError
	if err != nil && !errors.As(err, &corrupt) {
		return err
	}
	if a.asJSON {
		out := verifyJSON{
			Ledger: r.Ledger, Whole: err == nil, Streams: r.Streams, Records: r.Records,
			Checkpoints: r.Checkpoints, Problems: []problemJSON{},
		}
		for _, p := range r.Problems {
			out.Problems = append(out.Problems, problemJSON{Stream: p.Stream, Seq: p.Seq, Reason: p.Reason})
		}
		if jsonErr := a.writeJSON(out); jsonErr != nil {
			return jsonErr
		}
	}
	if err != nil {
		return &toldError{summary: "Unable to verify the ledger: it is not what was written", detail: problems(r), err: err}
	}
	if !a.asJSON {
		a.say("The ledger %s is whole: %s in %s, %s.", r.Ledger, plural(r.Records, "record"),
			plural(uint64(r.Streams), "stream"), plural(r.Checkpoints, "checkpoint"))
	}
	return nil
}

// boundSince says to an error about an anchor that the ledger lacks, that it was bound anew
// in place of a lost one, and where it was not, how to. Nothing says whether the anchor is
// older than that, so a person has to know.
func boundSince(ctx context.Context, l ledger.Ledger, anchor *ledger.Anchor, r ledger.Report, err error) error {
	var told *toldError
	lacks := func(p *ledger.CorruptError) bool {
		return p.Stream == ledger.CheckpointStream && anchor != nil && p.Seq == anchor.Checkpoint
	}
	if !errors.As(err, &told) || !slices.ContainsFunc(r.Problems, lacks) {
		return err
	}
	if !slices.ContainsFunc(r.Problems, func(p *ledger.CorruptError) bool { return !lacks(p) }) {
		told.detail = list(r) + stops + newest
	}
	records, unread := l.Read(ctx, ledger.LedgerStream, 1)
	for _, rec := range slices.Backward(records) {
		if unread == nil && rec.Kind == ledger.KindRebound {
			var b ledger.Rebound
			_ = json.Unmarshal(rec.Body, &b) // Without a reason the time says enough.
			told.detail = problems(r) + fmt.Sprintf("\n\nThis ledger was bound anew at %s, in place of one that was lost: %s.\nWhere the anchor is older than that, it is of what was lost, and no copy brings\nthat back. Save a new one: sluice verify --checkpoint anchor.json", instant(rec.At), b.Reason)
			break
		}
	}
	return err
}

const (
	stops = "\nForward work stops until this is understood; a rollback does not. "
	// newest is the remedy where the end is missing, as the guide on disaster recovery has it.
	newest = "Restore the\nnewest copy of the ledger that there is, and check it with sluice verify --against.\nWhere this is the newest one, see what serves and bind it anew:\n\n  sluice drift\n  sluice ledger rebind --reason \"restored the backup of 10:00\"\n\nFind out first who has cut it short where nobody has restored it."
)

func problems(r ledger.Report) string {
	return list(r) + stops + "Restore the\nledger from a copy, and check the copy with sluice verify --against."
}

// list writes the problems one to a line.
func list(r ledger.Report) string {
	s := ""
	for _, p := range r.Problems {
		s += p.Error() + "\n"
	}
	return s
}

func (a *app) saveCheckpoint(ctx context.Context, l ledger.Ledger, path string) error {
	if _, err := ledger.Checkpoint(ctx, l, a.actor(), a.clock.Now()); err != nil {
		return err
	}
	anchor, err := ledger.LastAnchor(ctx, l)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(anchor)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("the checkpoint %d is in the ledger, but its hash could not be saved: %w", anchor.Checkpoint, err)
	}
	a.note("Checkpoint %d saved to %s.", anchor.Checkpoint, path)
	return nil
}
