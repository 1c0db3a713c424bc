// Package signal is the port to whatever counts requests and their failures. A
// driver implements Source for one kind of metric store; the suite in signaltest
// holds every driver to the contract that is written here.
package signal

import (
	"context"
	"encoding/json"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Source counts bad and all events per arm.
//
// A Source only reads. It is safe for concurrent use and may be asked again for
// the same interval. It makes as few requests as its store allows, whatever the
// number of queries. It never invents: what it cannot tell is Missing, and an
// error means that nothing was learnt.
type Source interface {
	// Metrics lists the metrics that the source can count, in order. It asks
	// nobody.
	Metrics() []string

	// Counts says what happened since the request's cursor and up to Until at the
	// latest. Asking with the cursor of the answer before yields each event once.
	Counts(ctx context.Context, req Request) (Counts, error)

	// History says what the baseline arm did before the rollout, for the guard
	// against dispersion and for fixed latency thresholds. A store that keeps
	// none answers with no blocks, which is "unknown" and not an error.
	History(ctx context.Context, req HistoryRequest) (History, error)
}

// Query asks for one metric.
type Query struct {
	// Metric is the name under which the strategy knows it: "errors", "slow".
	Metric string `json:"metric"`
	// SlowerThan makes the metric a latency: an event is bad when it took longer
	// than this. It is fixed before the rollout. 0 for metrics that count errors.
	SlowerThan time.Duration `json:"slower_than,omitempty"`
}

// Request asks for counts.
type Request struct {
	Queries []Query
	// Since is where the interval begins when Cursor is empty.
	Since time.Time
	// Until is the end of the interval; usually now.
	Until time.Time
	// Cursor is the one that the last answer gave, or nil at first. It is opaque
	// and is kept in the ledger, so that another process can go on from it.
	Cursor json.RawMessage
	// Arms holds what the target calls what runs in each arm (target.ArmState), where
	// it says so; nil where it does not.
	Arms map[target.Arm]string
	// Block, where it is not 0, asks a Keeper to say in the answer's Kept for which
	// blocks of this length since the cursor it can vouch.
	Block time.Duration
}

// Count is what one arm did in the interval, for one metric.
type Count struct {
	Metric string     `json:"metric"`
	Arm    target.Arm `json:"arm"`
	// Bad and Total count events; 0 <= Bad <= Total.
	Bad   float64 `json:"bad"`
	Total float64 `json:"total"`
	// Says names what was counted, where the source knows more than a number: which
	// alarm fires.
	Says string `json:"says,omitempty"`
}

// Missing names what could not be counted, and why.
type Missing struct {
	Metric string     `json:"metric"`
	Arm    target.Arm `json:"arm"`
	Reason string     `json:"reason"`
}

// Counts is the answer to a Request.
type Counts struct {
	Counts []Count `json:"counts"`
	// Missing lists each metric and arm that has no entry in Counts. "No events"
	// is a count of zero; "no data" is missing.
	Missing []Missing `json:"missing,omitempty"`
	// CompleteThrough is the instant up to which all events are counted. Later
	// events come with a later answer; late data is not "no data".
	CompleteThrough time.Time `json:"complete_through"`
	// From is where the counted interval begins, for a store that tells so late that
	// it may lie before the last change of weights; zero for one that tells at once.
	From time.Time `json:"from,omitzero"`
	// Primed is false on an answer that only sets the cursor, as the first scrape
	// of cumulative counters does: its counts are empty and nothing is missing.
	Primed bool `json:"primed"`
	// Resets counts the counters that went backwards and were taken up anew.
	Resets int `json:"resets,omitempty"`
	// Kept is the time since the cursor for which the store has every metric of both
	// arms without a gap and the new artifact had traffic, in order and apart from each
	// other. Only a Keeper fills it in, and only where Block was given.
	Kept   []Span          `json:"kept,omitempty"`
	Cursor json.RawMessage `json:"cursor,omitempty"`
}

// HistoryRequest asks what the baseline did before.
type HistoryRequest struct {
	// Metrics to report. Quantiles holds, for latency metrics, the quantile (0 to
	// 1) whose value becomes the fixed threshold.
	Metrics   []string
	Quantiles map[string]float64
	Until     time.Time
	// Arms is as in Request.
	Arms map[target.Arm]string
	// Span is how far back to look, Block the length of one block.
	Span, Block time.Duration
}

// History is the answer to a HistoryRequest.
type History struct {
	// Blocks holds, per metric, the bad and total events of the baseline in
	// consecutive blocks, oldest first. Empty where the store keeps none.
	Blocks map[string][]Block `json:"blocks,omitempty"`
	// Thresholds holds, per latency metric, the value of the asked quantile
	// (rounded up to what the store can count, such as a bucket's bound). A metric
	// that is not there could not be told.
	Thresholds map[string]time.Duration `json:"thresholds,omitempty"`
}

// Block is one interval of History.
type Block struct {
	Bad   float64 `json:"bad"`
	Total float64 `json:"total"`
}

// Historian is what a Source is besides when its store keeps for weeks what was
// counted. A Source that is none keeps nothing of the past.
type Historian interface {
	// Traffic lists what all arms together did in consecutive blocks, oldest first. A
	// block of which nothing is known is left out. It only reads.
	Traffic(ctx context.Context, req TrafficRequest) ([]Traffic, error)
}

// TrafficRequest asks a Historian.
type TrafficRequest struct {
	// Metric is one that counts errors; a latency has no traffic of its own.
	Metric string
	// Until is the end of the last block.
	Until time.Time
	// Span is how far back to look, a multiple of Block, which is how long one is.
	Span, Block time.Duration
}

// Traffic is one block of a Historian's answer.
type Traffic struct {
	Start time.Time
	// Bad and Total count events; 0 <= Bad <= Total.
	Bad, Total float64
	// Covered is for which part of the block the store had anything, 0 to 1. What
	// happened in the rest is not known.
	Covered float64
}

// Keeper is what a Source is besides when its store keeps what happened while nobody
// asked: Counts then tells in Kept for which of that time it can vouch.
type Keeper interface {
	// KeepsFor is how far back from a request's Until that reaches.
	KeepsFor() time.Duration
}

// Starter is what a Source is besides when it knows of states in which a rollout must
// not begin, such as an alarm that fires already.
type Starter interface {
	// Ready asks the store and returns nil, a *Refusal, or an error when nothing was
	// learnt. It is called by a plan, without queries, and before the first step.
	Ready(ctx context.Context, queries []Query) error
}

// Refusal says why a rollout must not begin. Asking again at once gives the same.
type Refusal struct {
	// Reason says what is so, and Remedy what a person can do.
	Reason, Remedy string
}

// Error implements error.
func (r *Refusal) Error() string { return r.Reason + "; " + r.Remedy }

// Span is the time from Start to End, without Start.
type Span struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Overlap gives what two lists of spans have in common. Each is in order, and its
// spans are apart from each other.
func Overlap(a, b []Span) []Span {
	var out []Span
	for i, j := 0, 0; i < len(a) && j < len(b); {
		s := Span{Start: later(a[i].Start, b[j].Start), End: a[i].End}
		if b[j].End.Before(s.End) {
			s.End = b[j].End
			j++
		} else {
			i++
		}
		if s.Start.Before(s.End) {
			out = append(out, s)
		}
	}
	return out
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
