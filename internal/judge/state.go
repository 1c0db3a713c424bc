package judge

import (
	"encoding/json"
	"fmt"
	"slices"
)

// State is everything the judge knows of one rollout: its parameters, its
// metrics and the sums of the ticks so far. It is a value that can be written as
// JSON, stored with each tick and read back with Load; the State that was
// carried and the State that comes of replaying the ticks are equal.
//
// A State from New or Load is safe for concurrent use, since nothing changes it.
type State struct {
	Version string   `json:"version"`
	Params  Params   `json:"params"`
	Metrics []Metric `json:"metrics"`
	// Ticks is how many ticks were counted, and At the last one's time.
	Ticks int     `json:"ticks"`
	At    float64 `json:"t"`
	// Step and Weight are the last tick's, and StepTicks how many ticks in a row
	// have had both.
	Step      int     `json:"step"`
	Weight    float64 `json:"weight"`
	StepTicks int     `json:"step_ticks"`
	// ShareMore and ShareLess are the logarithms of the bets, one for each member
	// of Traffic.Grid, that the canary gets more or less than its configured share.
	ShareMore []float64 `json:"share_more"`
	ShareLess []float64 `json:"share_less"`
	// Sums has one entry for each metric, in the same order.
	Sums []Sums `json:"sums"`
}

// Sums are one metric's accumulated evidence. All bets are natural logarithms,
// after the counts were divided by the dispersion.
type Sums struct {
	// The plain counts of the rollout.
	BadCanary     float64 `json:"bad_canary"`
	TotalCanary   float64 `json:"total_canary"`
	BadBaseline   float64 `json:"bad_baseline"`
	TotalBaseline float64 `json:"total_baseline"`
	// Harm has the bets of the ticks with both arms, one for each member of
	// HarmGrid; OneArm those of the ticks without a baseline.
	Harm   []float64 `json:"harm"`
	OneArm []float64 `json:"one_arm"`
	// Safe and Ceiling have the bets of this step, one for each member of
	// SafeGrid and CeilingGrid.
	Safe    []float64 `json:"safe"`
	Ceiling []float64 `json:"ceiling"`
	// Events summarises the bad events of ticks with both arms, for the interval.
	Events events `json:"events"`
	// Missing counts the ticks in a row without exposure on the canary.
	Missing int `json:"missing"`
}

// New starts a rollout's State. The metrics' zero fields are filled with their
// defaults. It returns an InvalidError that names every bad field.
func New(params Params, metrics []Metric) (State, error) {
	fields := append(params.Validate(), ValidateMetrics(metrics)...)
	if len(fields) > 0 {
		return State{}, &InvalidError{Fields: fields}
	}
	s := State{
		Version:   Version,
		Params:    params,
		Metrics:   make([]Metric, len(metrics)),
		ShareMore: zeros(len(params.Traffic.Grid)),
		ShareLess: zeros(len(params.Traffic.Grid)),
		Sums:      make([]Sums, len(metrics)),
	}
	for i, metric := range metrics {
		s.Metrics[i] = metric.WithDefaults()
		s.Sums[i] = Sums{
			Harm:    zeros(len(params.HarmGrid)),
			OneArm:  zeros(len(params.HarmGrid)),
			Safe:    zeros(len(params.SafeGrid)),
			Ceiling: zeros(len(params.CeilingGrid)),
		}
	}
	return s, nil
}

// Load reads a State that was written as JSON, and refuses one of another
// version (ErrVersion), with unsound parameters (InvalidError), or whose sums do
// not fit its parameters.
func Load(data []byte) (State, error) {
	var s State
	if err := json.Unmarshal(data, &s); err != nil {
		return State{}, fmt.Errorf("judge: unable to read a state: %w", err)
	}
	if s.Version != Version {
		return State{}, fmt.Errorf("%w: it is %q; allowed is %q", ErrVersion, s.Version, Version)
	}
	fresh, err := New(s.Params, s.Metrics)
	if err != nil {
		return State{}, err
	}
	fits := len(s.Sums) == len(fresh.Sums) &&
		len(s.ShareMore) == len(fresh.ShareMore) && len(s.ShareLess) == len(fresh.ShareLess)
	for i := 0; fits && i < len(s.Sums); i++ {
		got, want := s.Sums[i], fresh.Sums[i]
		fits = len(got.Harm) == len(want.Harm) && len(got.OneArm) == len(want.OneArm) &&
			len(got.Safe) == len(want.Safe) && len(got.Ceiling) == len(want.Ceiling)
	}
	if !fits {
		return State{}, &InvalidError{Fields: []FieldError{{
			Path: "sums", Msg: "do not fit the parameters and metrics; allowed is a state as this package wrote it",
		}}}
	}
	return s, nil
}

// Observe counts one tick and says what follows from all ticks so far. It is
// pure: s stays as it was, and the same State and Tick always give the same
// State and Verdict. Ticks come in the order of their time.
func (s State) Observe(tick Tick) (State, Verdict) {
	next := s.clone()
	found := next.advance(tick)
	return next, next.verdict(tick, found)
}

// clone copies what advance writes to. Parameters and metrics are never written.
func (s State) clone() State {
	s.ShareMore = slices.Clone(s.ShareMore)
	s.ShareLess = slices.Clone(s.ShareLess)
	s.Sums = slices.Clone(s.Sums)
	for i := range s.Sums {
		sums := &s.Sums[i]
		sums.Harm = slices.Clone(sums.Harm)
		sums.OneArm = slices.Clone(sums.OneArm)
		sums.Safe = slices.Clone(sums.Safe)
		sums.Ceiling = slices.Clone(sums.Ceiling)
		sums.Events.Bins = slices.Clone(sums.Events.Bins)
	}
	return s
}
