package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Inspector is a Ledger that can look below its records: at a file's structure,
// its indexes, its leases. Verify uses it where a driver has it.
type Inspector interface {
	// Inspect returns what is not as it was written, naming the record wherever
	// the damage can be laid at one's door. The error says that it could not look.
	Inspect(ctx context.Context) ([]*CorruptError, error)

	// Streams returns the names of all streams, in the order of their bytes, even
	// where their records do not hold.
	Streams(ctx context.Context) ([]string, error)
}

// Salvager is a Ledger that can give what is left of a stream whose chain does not
// hold. It is for going back alone: nothing goes forward on what it returns.
type Salvager interface {
	// Salvage returns the records whose own hash is right, in the order of numbers,
	// as far as the store can be read at all. What is between them may be missing.
	Salvage(ctx context.Context, stream string) ([]Record, error)
}

// VerifyOptions tune Verify.
type VerifyOptions struct {
	// Progress, if set, is called after each stream.
	Progress func(Report)
	// Against, if set, is an anchor kept elsewhere that the ledger must reach.
	Against *Anchor
}

// Report says what Verify looked at and what it found.
type Report struct {
	// Ledger is the UUID.
	Ledger string `json:"ledger"`
	// Streams and Records count what was read and found whole; Total is the number
	// of streams there are.
	Streams int    `json:"streams"`
	Total   int    `json:"total"`
	Records uint64 `json:"records"`
	// Checkpoints counts the checkpoints, and Anchor is the last one, for keeping
	// elsewhere; it is empty when there is none.
	Checkpoints uint64 `json:"checkpoints"`
	Anchor      Anchor `json:"anchor"`
	// Problems holds everything that is not as it was written: at most one for each
	// stream's chain, since nothing behind a broken link can be judged, and those
	// that the driver found below.
	Problems []*CorruptError `json:"-"`
}

// Verify reads the whole ledger: every chain, every checkpoint, and what the
// driver can see below. When something is not as it was written the error is the
// first *CorruptError and Report.Problems has all. Any other error means that it
// could not look, and says nothing about the ledger.
func Verify(ctx context.Context, l Ledger, opts VerifyOptions) (Report, error) {
	v := &verifier{ledger: l, anchored: map[string][]anchored{}}
	if err := v.run(ctx, opts); err != nil {
		return v.report, err
	}
	if len(v.report.Problems) > 0 {
		return v.report, v.report.Problems[0]
	}
	return v.report, nil
}

// VerifyAgainst is Verify with an anchor kept elsewhere: the ledger must be the
// anchor's, else ErrOtherLedger, and must still hold the checkpoint.
func VerifyAgainst(ctx context.Context, l Ledger, anchor Anchor, opts VerifyOptions) (Report, error) {
	opts.Against = &anchor
	return Verify(ctx, l, opts)
}

// anchored is what a checkpoint, or an anchor, says of a stream.
type anchored struct {
	Head
	by string
}

type verifier struct {
	ledger   Ledger
	report   Report
	anchored map[string][]anchored
	below    []*CorruptError
}

func (v *verifier) run(ctx context.Context, opts VerifyOptions) (err error) {
	if v.report.Ledger, err = v.ledger.ID(ctx); err != nil {
		return err
	}
	if a := opts.Against; a != nil {
		if a.Ledger != v.report.Ledger {
			return fmt.Errorf("%w: its id is %s, the anchor is of %s", ErrOtherLedger, v.report.Ledger, a.Ledger)
		}
		v.expect(Head{Stream: CheckpointStream, Seq: a.Checkpoint, Hash: a.Hash}, "the anchor kept elsewhere")
	}
	// The checkpoints are read before the streams, so that what they anchor is
	// there when the streams are read, however busy the ledger is.
	if err := v.readCheckpoints(ctx); err != nil {
		return err
	}
	if whole, err := v.sweep(ctx, opts); whole || err != nil {
		return err
	}
	inspector, _ := As[Inspector](v.ledger)
	if inspector != nil {
		if v.below, err = inspector.Inspect(ctx); err != nil {
			return err
		}
	}
	names, err := v.streams(ctx, inspector)
	if err != nil {
		return err
	}
	v.report.Total = len(names)
	for _, name := range names {
		if err := v.stream(ctx, name); err != nil {
			return err
		}
		if opts.Progress != nil {
			opts.Progress(v.report)
		}
	}
	for _, p := range v.below {
		v.problem(p)
	}
	return nil
}

// sweep says whether everything is whole, where the driver can tell at once.
func (v *verifier) sweep(ctx context.Context, opts VerifyOptions) (bool, error) {
	sweeper, ok := As[Sweeper](v.ledger)
	if !ok || len(v.report.Problems) > 0 {
		return false, nil
	}
	var heads []Head
	for _, list := range v.anchored {
		for _, a := range list {
			heads = append(heads, a.Head)
		}
	}
	swept, err := sweeper.Sweep(ctx, heads)
	if err != nil || !swept.Whole {
		return false, err
	}
	created, err := v.ledger.Read(ctx, LedgerStream, 1)
	if err != nil {
		return false, nil //nolint:nilerr // Whatever it is, looking closely will say.
	}
	v.identity(created)
	if len(v.report.Problems) > 0 {
		v.report.Problems = nil
		return false, nil
	}
	v.report.Streams, v.report.Total, v.report.Records = swept.Streams, swept.Streams, swept.Records
	if opts.Progress != nil {
		opts.Progress(v.report)
	}
	return true, nil
}

// streams returns the names of what is there and of what was once anchored.
func (v *verifier) streams(ctx context.Context, inspector Inspector) ([]string, error) {
	var names []string
	if inspector != nil {
		found, err := inspector.Streams(ctx)
		if err = v.note(err); err != nil {
			return nil, err
		}
		names = found
	} else {
		heads, err := v.ledger.Heads(ctx, "")
		if err = v.note(err); err != nil {
			return nil, err
		}
		for _, r := range heads {
			names = append(names, r.Stream)
		}
	}
	names = append(names, LedgerStream)
	for name := range v.anchored {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// readCheckpoints notes what the checkpoints say of the streams. A broken chain
// of checkpoints is noted when its turn comes as a stream.
func (v *verifier) readCheckpoints(ctx context.Context) error {
	records, err := v.ledger.Read(ctx, CheckpointStream, 1)
	if err = v.note(err); err != nil {
		return err
	}
	for _, r := range records {
		body, err := checkpointBody(r)
		if err != nil {
			v.problem(&CorruptError{Stream: r.Stream, Seq: r.Seq, Reason: "it is not a checkpoint", Err: err})
			continue
		}
		for _, h := range body.Heads {
			v.expect(h, fmt.Sprintf("checkpoint %d", r.Seq))
		}
		v.report.Checkpoints = r.Seq
		v.report.Anchor = Anchor{Ledger: v.report.Ledger, Checkpoint: r.Seq, Hash: r.Hash}
	}
	return nil
}

func (v *verifier) expect(h Head, by string) {
	v.anchored[h.Stream] = append(v.anchored[h.Stream], anchored{Head: h, by: by})
}

// stream checks one chain and what is anchored of it.
func (v *verifier) stream(ctx context.Context, name string) error {
	records, err := v.ledger.Read(ctx, name, 1)
	if err != nil {
		return v.note(err)
	}
	for _, a := range v.anchored[name] {
		last := uint64(len(records))
		if a.Seq > last {
			v.problem(&CorruptError{Stream: name, Seq: last + 1, Reason: fmt.Sprintf("gap: the stream ends before it, and %s saw record %d", a.by, a.Seq)})
			return nil
		}
		if a.Seq == 0 {
			continue
		}
		if got := records[a.Seq-1].Hash; got != a.Hash {
			v.problem(&CorruptError{Stream: name, Seq: a.Seq, Reason: fmt.Sprintf("fork: its hash is %s, and %s saw %s", short(got), a.by, short(a.Hash))})
			return nil
		}
	}
	if name == LedgerStream {
		v.identity(records)
	}
	v.report.Streams++
	v.report.Records += uint64(len(records))
	return nil
}

// identity compares the ledger's first record with the UUID the driver keeps.
func (v *verifier) identity(records []Record) {
	var body Created
	if len(records) == 0 {
		v.problem(&CorruptError{Stream: LedgerStream, Seq: 1, Reason: "gap: the record of the ledger's creation is not there"})
		return
	}
	if err := json.Unmarshal(records[0].Body, &body); err != nil || records[0].Kind != KindCreated || body.Ledger != v.report.Ledger {
		v.problem(&CorruptError{Stream: LedgerStream, Seq: 1, Reason: fmt.Sprintf("it says that the ledger's id is %s, and the store says %s", body.Ledger, v.report.Ledger), Err: err})
	}
}

// note keeps a *CorruptError as a problem, and passes on any other error.
func (v *verifier) note(err error) error {
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) {
		return err
	}
	v.problem(corrupt)
	return nil
}

// problem keeps p unless something of the same record is known already.
func (v *verifier) problem(p *CorruptError) {
	known := func(q *CorruptError) bool {
		return q.Stream == p.Stream && q.Seq == p.Seq && (p.Stream != "" || q.Reason == p.Reason)
	}
	if !slices.ContainsFunc(v.report.Problems, known) {
		v.report.Problems = append(v.report.Problems, p)
	}
}
