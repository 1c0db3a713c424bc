package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// KindCheckpoint is the kind of every record in CheckpointStream.
const KindCheckpoint = "checkpoint.anchored"

// Head is where a stream ended.
type Head struct {
	Stream string `json:"stream"`
	Seq    uint64 `json:"seq"`
	Hash   string `json:"hash"`
}

// CheckpointBody is the body of a checkpoint.
type CheckpointBody struct {
	// Heads are those that changed since the checkpoint before, by name.
	Heads []Head `json:"heads"`
	// Streams and Records count what the ledger held, checkpoints left out.
	Streams int    `json:"streams"`
	Records uint64 `json:"records"`
}

// Anchor is one checkpoint's hash, to be kept where nobody who can write the
// ledger can write. With it a tail that was cut off shows even when the
// checkpoints were cut as well.
type Anchor struct {
	// Ledger is the UUID.
	Ledger string `json:"ledger"`
	// Checkpoint is the number of the record in CheckpointStream, Hash its hash.
	Checkpoint uint64 `json:"checkpoint"`
	Hash       string `json:"hash"`
}

// Checkpoint anchors the heads of all streams that changed since the last
// checkpoint. When none did it writes nothing and returns that last checkpoint.
func Checkpoint(ctx context.Context, l Ledger, actor string, at time.Time) (Record, error) {
	for {
		past, err := l.Read(ctx, CheckpointStream, 1)
		if err != nil {
			return Record{}, err
		}
		body, err := nextCheckpoint(ctx, l, past)
		if err != nil {
			return Record{}, err
		}
		if len(body.Heads) == 0 && len(past) > 0 {
			return past[len(past)-1], nil
		}
		raw, err := marshal(body)
		if err != nil {
			return Record{}, err
		}
		e := Entry{Kind: KindCheckpoint, At: at, Actor: actor, Body: raw}
		sum := sha256.Sum256(Encode(Seal("", 0, "", e)))
		e.ID = fmt.Sprintf("c%d-%x", len(past)+1, sum[:8])
		r, err := l.Append(ctx, CheckpointStream, uint64(len(past)), e)
		if conflictOf(err) == nil || ctx.Err() != nil {
			return r, err
		}
		// Another checkpoint came in between: see what is left to anchor.
	}
}

// nextCheckpoint compares the heads with what past checkpoints hold.
func nextCheckpoint(ctx context.Context, l Ledger, past []Record) (CheckpointBody, error) {
	known := map[string]Head{}
	for _, r := range past {
		body, err := checkpointBody(r)
		if err != nil {
			return CheckpointBody{}, err
		}
		for _, h := range body.Heads {
			known[h.Stream] = h
		}
	}
	heads, err := l.Heads(ctx, "")
	if err != nil {
		return CheckpointBody{}, err
	}
	body := CheckpointBody{Heads: []Head{}}
	for _, r := range heads {
		if r.Stream == CheckpointStream {
			continue
		}
		body.Streams++
		body.Records += r.Seq
		if h := (Head{Stream: r.Stream, Seq: r.Seq, Hash: r.Hash}); known[r.Stream] != h {
			body.Heads = append(body.Heads, h)
		}
	}
	return body, nil
}

func checkpointBody(r Record) (CheckpointBody, error) {
	var body CheckpointBody
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return CheckpointBody{}, fmt.Errorf("record %s#%d is not a checkpoint: %w", r.Stream, r.Seq, err)
	}
	return body, nil
}

// LastAnchor returns the anchor of the last checkpoint, ErrNotFound when there is
// none yet.
func LastAnchor(ctx context.Context, l Ledger) (Anchor, error) {
	id, err := l.ID(ctx)
	if err != nil {
		return Anchor{}, err
	}
	past, err := l.Read(ctx, CheckpointStream, 1)
	if err != nil {
		return Anchor{}, err
	}
	if len(past) == 0 {
		return Anchor{}, fmt.Errorf("a checkpoint of this ledger: %w", ErrNotFound)
	}
	last := past[len(past)-1]
	return Anchor{Ledger: id, Checkpoint: last.Seq, Hash: last.Hash}, nil
}

// ParseAnchor reads the JSON of an Anchor and refuses anything else, wrapping
// ErrInvalid.
func ParseAnchor(raw []byte) (Anchor, error) {
	var a Anchor
	err := json.Unmarshal(raw, &a)
	sum, hexErr := hex.DecodeString(a.Hash)
	if err != nil || hexErr != nil || len(sum) != sha256.Size || a.Ledger == "" || a.Checkpoint == 0 {
		return Anchor{}, fmt.Errorf("the anchor is %w: it is the JSON that a checkpoint printed, {\"ledger\":\"<uuid>\",\"checkpoint\":12,\"hash\":\"<64 hexadecimal digits>\"}", ErrInvalid)
	}
	return a, nil
}
