package ledger

import (
	"context"
	"time"
)

// Surveyor is a Ledger that can say how its store is. It only looks; with Write it
// tries besides whether the store takes a write, of nothing that is a record.
type Surveyor interface {
	Survey(ctx context.Context, opts SurveyOptions) (Survey, error)
}

// SurveyOptions tune a survey.
type SurveyOptions struct {
	// Write has the survey try a write and time it.
	Write bool
}

// Survey is what a driver found out about its store. The error of Survey says that it
// could not look; what a role may not ask is a Finding that is Unknown.
type Survey struct {
	// Findings are in the order in which people should read them.
	Findings []Finding
	// Bytes is what the ledger takes in the store, 0 where nobody says.
	Bytes uint64
	// Objects is how many objects a store keeps it in, 0 for others.
	Objects uint64
	// StoreTime is the store's clock, and AskedAt and AnsweredAt are ours around it.
	// StoreTime is zero where the clocks are the same, or nobody says.
	StoreTime, AskedAt, AnsweredAt time.Time
	// RoundTrip is how long the smallest request took, WriteTrip how long a durable
	// write; 0 where it was not tried.
	RoundTrip, WriteTrip time.Duration
}

// FindingState says what a finding means.
type FindingState string

// The states, the worst last.
const (
	// Fine is as it should be.
	Fine FindingState = "ok"
	// Told says how it is, and that is neither good nor bad.
	Told FindingState = "info"
	// Unknown could not be found out.
	Unknown FindingState = "unknown"
	// Warned works, and should be otherwise.
	Warned FindingState = "warning"
	// Wrong is in the way of releases, or loses records.
	Wrong FindingState = "wrong"
)

// Finding is one thing that was looked at.
type Finding struct {
	// Check names it: "versioning".
	Check string       `json:"check"`
	State FindingState `json:"state"`
	// Value is how it is, and Remedy what to do; empty where nothing is.
	Value  string `json:"value"`
	Remedy string `json:"remedy,omitempty"`
}

// Skew is by how much the store's clock is ahead of ours, and how uncertain that is;
// it is false where the store's clock is not known.
func (s Survey) Skew() (ahead, uncertain time.Duration, ok bool) {
	return Reading{Store: s.StoreTime, Asked: s.AskedAt, Answered: s.AnsweredAt}.Skew()
}

// checkLease is the lease of nothing, whose beat a survey writes.
const checkLease = "check"

// TryWrite has a ledger write something durable that is no record and that nobody
// reads. It is for drivers' surveys.
func TryWrite(ctx context.Context, l Ledger) error {
	lease, err := l.Lease(ctx, checkLease)
	if err != nil {
		return err
	}
	next := lease
	next.Beat++
	err = l.SwapLease(ctx, lease, next)
	if conflicting(err) == nil {
		return err
	}
	// Another survey was quicker, and so the store takes writes.
	return nil
}
