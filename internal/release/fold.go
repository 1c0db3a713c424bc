package release

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// History is what a release's stream says, folded. It is a pure function of the
// records: the same records give the same History in any process.
type History struct {
	Key Key `json:"key"`
	// Seq is the number of the last record folded, 0 for none.
	Seq uint64 `json:"seq"`
	// Newest says when the last record was written, by its writer's clock.
	Newest Stamp `json:"-"`
	// Began is when the first record was written, by its writer's clock.
	Began time.Time `json:"-"`
	// Owner is the state that manages the release, nil when none does.
	Owner *Owner `json:"owner,omitempty"`
	// Succeeded lists the payloads that were released, adopted, or found to serve alone
	// when they were to go back, oldest first, without repetitions in a row. The last one
	// is what should serve.
	Succeeded []artifact.Payload `json:"succeeded,omitempty"`
	// Quarantine holds the payloads that may not be released, by key.
	Quarantine map[string]Quarantined `json:"quarantine,omitempty"`
	// Rollouts lists all of them, oldest first.
	Rollouts []*Rollout `json:"rollouts,omitempty"`
	// BackRequest is a rollback that was asked for and not taken up yet.
	BackRequest *RequestBody `json:"back_request,omitempty"`
	// Spec is the last specification that anybody wrote down: of an adoption, an
	// edit or a rollout. It says where the release runs.
	Spec *Spec `json:"spec,omitempty"`
	// Renamed is the key whose history was carried over, if any.
	Renamed *Key `json:"renamed_from,omitempty"`
	// renamedAt is the newest record of that name which was carried over.
	renamedAt uint64
	// Rebound is when the ledger was bound in place of a lost one, which no record of the
	// stream says: a driver sets it. Records of before may be missing.
	Rebound time.Time `json:"-"`
	// drove is whether a rollout was opened since the release met its target: since it was
	// adopted, renamed or let go of, others may have driven that.
	drove bool
	// Behind is the last proof that records are missing, nil for none. It holds until
	// somebody binds the ledger anew.
	Behind *BehindBody `json:"behind,omitempty"`
}

// NewHistory is the history of a release that nobody has heard of.
func NewHistory(key Key) *History {
	return &History{Key: key, Quarantine: map[string]Quarantined{}}
}

// Fold reads a whole stream.
func Fold(key Key, records []ledger.Record) (*History, error) {
	h := NewHistory(key)
	for _, r := range records {
		if err := h.Add(r); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// Open returns the rollout that is under way, or nil.
func (h *History) Open() *Rollout {
	if n := len(h.Rollouts); n > 0 && !h.Rollouts[n-1].State.Final() {
		return h.Rollouts[n-1]
	}
	return nil
}

// Last returns the newest rollout, or nil.
func (h *History) Last() *Rollout {
	if n := len(h.Rollouts); n > 0 {
		return h.Rollouts[n-1]
	}
	return nil
}

// Rollout returns the rollout of that number, or nil.
func (h *History) Rollout(number int) *Rollout {
	for _, r := range h.Rollouts {
		if r.Number == number {
			return r
		}
	}
	return nil
}

// Serving is the payload that should serve while no rollout is open, or nil.
func (h *History) Serving() *artifact.Payload {
	if n := len(h.Succeeded); n > 0 {
		return &h.Succeeded[n-1]
	}
	return nil
}

// Previous is where a person's rollback goes: the last payload that succeeded
// before the one that serves and is not quarantined, or nil.
func (h *History) Previous() *artifact.Payload {
	serving := h.Serving()
	for i := len(h.Succeeded) - 2; i >= 0; i-- {
		p := h.Succeeded[i]
		if _, bad := h.Quarantine[p.Key()]; !bad && !p.Same(*serving) {
			return &p
		}
	}
	return nil
}

// LiftCommand is the command that allows a quarantined payload again: complete, however
// many are quarantined, but for the reason.
func (h *History) LiftCommand(p artifact.Payload) string {
	return liftCommand(h.Key, p.Handle(h.condemned()))
}

// condemned are the payloads that are quarantined, in no order; never nil.
func (h *History) condemned() []artifact.Payload {
	list := []artifact.Payload{}
	for _, q := range h.Quarantine {
		list = append(list, q.Payload)
	}
	return list
}

func liftCommand(key Key, handle string) string {
	return fmt.Sprintf("sluice quarantine lift %s %s --reason \"...\"", key, handle)
}

// AutomaticRollbacks counts the rollouts that went back by themselves since then.
func (h *History) AutomaticRollbacks(since time.Time) int {
	n := 0
	for _, r := range h.Rollouts {
		if r.State == RolledBack && r.ClosedAt.After(since) {
			n++
		}
	}
	return n
}

// Add folds one more record, which must be the next of the stream.
func (h *History) Add(rec ledger.Record) error {
	if rec.Seq != h.Seq+1 {
		return &ledger.CorruptError{Stream: rec.Stream, Seq: rec.Seq, Reason: fmt.Sprintf("it follows record %d", h.Seq)}
	}
	if err := h.add(rec); err != nil {
		return &ledger.CorruptError{Stream: rec.Stream, Seq: rec.Seq, Reason: "its body does not fit its kind, " + rec.Kind, Err: err}
	}
	h.Seq, h.Newest = rec.Seq, stampOf(rec)
	if rec.Seq == 1 {
		h.Began = rec.At
	}
	return nil
}

func (h *History) add(rec ledger.Record) error {
	switch rec.Kind {
	case KindAdopted:
		h.drove = false
		return with(rec, func(b AdoptedBody) error {
			h.Owner, h.Spec = &b.Owner, &b.Spec
			h.succeeded(b.Spec.Payload)
			return nil
		})
	case KindSpecified:
		return with(rec, func(b SpecifiedBody) error { h.Spec = &b.Spec; return nil })
	case KindOwned:
		return with(rec, func(b OwnedBody) error { h.Owner = &b.Owner; return nil })
	case KindReleased:
		h.Owner, h.drove = nil, false
		return nil
	case KindBehind:
		return with(rec, func(b BehindBody) error { h.Behind = &b; return nil })
	case KindRenamed:
		h.drove = false
		return with(rec, func(b RenamedBody) error { h.carryOver(b); return nil })
	case KindQuarantined:
		return with(rec, func(b Quarantined) error { h.Quarantine[b.Payload.Key()] = b; return nil })
	case KindLifted:
		return with(rec, func(b LiftedBody) error { delete(h.Quarantine, b.Key); return nil })
	case KindBackRequested:
		return with(rec, func(b RequestBody) error { h.backRequested(b); return nil })
	case KindOpened:
		return with(rec, func(b OpenedBody) error { return h.opened(rec, b) })
	}
	if rec.Kind == KindDependencies {
		return with(rec, func(b DependenciesBody) error { return h.askedAfter(rec, b) })
	}
	r := h.Open()
	if late, err := about(rec, r); late || err != nil {
		return err
	}
	if strings.HasPrefix(rec.Kind, movePrefix) {
		return with(rec, func(b MoveBody) error { return h.moved(r, rec, b) })
	}
	return r.add(rec)
}

// askedAfter notes what was asked about a rollout that is closed.
func (h *History) askedAfter(rec ledger.Record, b DependenciesBody) error {
	number, err := rolloutOf(rec)
	if err != nil {
		return err
	}
	if r := h.Rollout(number); r != nil {
		r.Dependencies = &b
	}
	return nil
}

// backRequested notes a rollback that somebody asked for. It stops a forward
// rollout that is open, and waits for a driver otherwise. A rollback that is under
// way is what was asked for.
func (h *History) backRequested(b RequestBody) {
	open := h.Open()
	switch {
	case open == nil:
		h.BackRequest = &b
	case open.Kind == Forward:
		open.Abort = &b
	case open.Kind == Repair:
		open.Abort = &RequestBody{By: b.By, Reason: b.Reason, Cause: b.Cause}
		h.BackRequest = &b
	}
}

func (h *History) opened(rec ledger.Record, b OpenedBody) error {
	if open := h.Open(); open != nil {
		return fmt.Errorf("rollout %d is still open", open.Number)
	}
	h.BackRequest = nil
	h.Spec, h.drove = &b.Spec, true
	h.Rollouts = append(h.Rollouts, newRollout(rec, b))
	return nil
}

// moved folds a change of state and what it means for the release.
func (h *History) moved(r *Rollout, rec ledger.Record, b MoveBody) error {
	to := State(strings.TrimPrefix(rec.Kind, movePrefix))
	if !slices.Contains(States(), to) {
		return fmt.Errorf("%q is not a state that this version knows", to)
	}
	r.move(rec, to, b)
	if b.Quarantine {
		h.Quarantine[r.Spec.Payload.Key()] = Quarantined{
			Payload: r.Spec.Payload, Reason: b.Reason, By: rec.Actor, At: rec.At, Rollout: r.Number,
		}
	}
	if b.Event == EventCompletedAfter {
		// What was to go back serves alone, so a way back leaves it.
		h.succeeded(r.Spec.Payload)
	}
	if to == Succeeded {
		h.succeeded(r.Spec.Payload)
		if h.Owner == nil && r.Owner.ID != "" {
			owner := r.Owner
			h.Owner = &owner
		}
	}
	if to.Final() {
		r.forget()
	}
	return nil
}

func (h *History) succeeded(p artifact.Payload) {
	if s := h.Serving(); s == nil || !s.Same(p) {
		h.Succeeded = append(h.Succeeded, p)
	}
}

// carryOver puts what the former name released before what this one has, or behind it
// where this one was let go of, as one is to which a release comes back.
func (h *History) carryOver(b RenamedBody) {
	h.Renamed, h.renamedAt = &b.From, b.Seq
	if h.Owner == nil {
		h.Succeeded = append(h.Succeeded, b.Succeeded...)
	} else {
		h.Succeeded = append(slices.Clone(b.Succeeded), h.Succeeded...)
	}
	for _, q := range b.Quarantine {
		h.Quarantine[q.Payload.Key()] = q
	}
}

// about checks which rollout a record speaks of. One that is closed has had its
// last word, and what comes late changes nothing.
func about(rec ledger.Record, open *Rollout) (late bool, err error) {
	number, err := rolloutOf(rec)
	if err != nil {
		return false, err
	}
	if number == 0 {
		return false, fmt.Errorf("it does not say which rollout it is about")
	}
	return open == nil || number != open.Number, nil
}

// rolloutOf reads the number that a record's body carries, 0 where it has none.
// The engine writes it first, where it is found without decoding the whole body.
func rolloutOf(rec ledger.Record) (int, error) {
	if rest, ok := bytes.CutPrefix(rec.Body, []byte(`{"rollout":`)); ok {
		if end := bytes.IndexAny(rest, ",}"); end > 0 {
			if n, err := strconv.Atoi(string(rest[:end])); err == nil {
				return n, nil
			}
		}
	}
	var b struct {
		Rollout int `json:"rollout"`
	}
	err := json.Unmarshal(rec.Body, &b)
	return b.Rollout, err
}

// with decodes a record's body and hands it on.
func with[T any](rec ledger.Record, use func(T) error) error {
	var body T
	if err := json.Unmarshal(rec.Body, &body); err != nil {
		return err
	}
	return use(body)
}
