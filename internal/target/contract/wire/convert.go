package wire

import (
	"errors"
	"fmt"
	"math"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// FromObservation turns what a target said into JSON's form.
func FromObservation(o target.Observation) Observation {
	return Observation{
		Known: o.Known, Baseline: fromArm(o.Baseline), Canary: fromArm(o.Canary), Traffic: o.Traffic,
		Fingerprint: o.Fingerprint, Fence: o.Fence, RevertAfterSeconds: Seconds(max(o.RevertAfter, 0)),
		Reverted: o.Reverted, Fields: o.Fields,
	}
}

func fromArm(a *target.ArmState) *Arm {
	if a == nil {
		return nil
	}
	return &Arm{Payload: a.Payload, Weight: a.Weight, Health: a.Health, Replicas: a.Replicas}
}

// FromProgress turns a target's answer to a change into JSON's form.
func FromProgress(p target.Progress) Progress {
	return Progress{Done: p.Done, LookAgainSeconds: Seconds(p.LookAgain), Observation: FromObservation(p.Observation)}
}

// Target gives the observation as the port has it, or says which rule of the
// contract it breaks.
func (o Observation) Target() (target.Observation, error) {
	out := target.Observation{Known: o.Known, Fingerprint: o.Fingerprint, Fence: o.Fence, Reverted: o.Reverted, Fields: o.Fields}
	var err error
	if out.RevertAfter, err = Duration("revert_after_seconds", o.RevertAfterSeconds); err != nil {
		return target.Observation{}, err
	}
	if out.Baseline, err = o.Baseline.target("baseline"); err != nil {
		return target.Observation{}, err
	}
	if out.Canary, err = o.Canary.target("canary"); err != nil {
		return target.Observation{}, err
	}
	for path, value := range o.Fields {
		switch value.(type) {
		case nil, bool, float64, string:
		default:
			return target.Observation{}, fmt.Errorf("fields[%q] is not a JSON scalar", path)
		}
	}
	if !o.Known {
		return out, nil
	}
	if out.Traffic, err = o.traffic(); err != nil {
		return target.Observation{}, err
	}
	return out, sums(out)
}

// traffic checks what is set besides the weights, which must be possible and go
// with the arms. A state that sets nothing else is told as none.
func (o Observation) traffic() (*target.TrafficState, error) {
	if o.Traffic == nil || o.Traffic.Plain() {
		return nil, nil
	}
	if errs := o.Traffic.Validate(); len(errs) > 0 {
		return nil, errs.Under("traffic").Err()
	}
	if o.Canary == nil {
		return nil, errors.New("traffic is there without a canary to get it")
	}
	if math.Abs(o.Traffic.Weight-o.Canary.Weight) > tolerance {
		return nil, fmt.Errorf("traffic.weight is %g, and the canary has the weight %g; it must be the same", o.Traffic.Weight, o.Canary.Weight)
	}
	return o.Traffic, nil
}

// tolerance is how far weights may be apart, in percent; platforms round.
const tolerance = 0.01

// sums checks that the arms share all of the traffic, as far as there is one who
// takes it.
func sums(o target.Observation) error {
	var sum float64
	for _, a := range []*target.ArmState{o.Baseline, o.Canary} {
		if a != nil {
			sum += a.Weight
		}
	}
	if o.Baseline == nil && (o.Canary == nil || o.Canary.Weight == 0) {
		return nil
	}
	if math.Abs(sum-100) > tolerance {
		return fmt.Errorf("the weights of the arms add up to %g and not to 100", sum)
	}
	return nil
}

func (a *Arm) target(name string) (*target.ArmState, error) {
	if a == nil {
		return nil, nil
	}
	if math.IsNaN(a.Weight) || a.Weight < 0 || a.Weight > 100 {
		return nil, fmt.Errorf("%s.weight is %g; it must be between 0 and 100", name, a.Weight)
	}
	switch a.Health {
	case target.Healthy, target.Unhealthy, target.HealthUnknown:
	default:
		return nil, fmt.Errorf("%s.health is %q; it must be \"healthy\", \"unhealthy\" or \"unknown\"", name, a.Health)
	}
	if a.Payload.Reference == "" {
		return nil, fmt.Errorf("%s.payload.reference is empty", name)
	}
	if a.Replicas < 0 {
		return nil, fmt.Errorf("%s.replicas is %d; it must not be negative", name, a.Replicas)
	}
	return &target.ArmState{Payload: a.Payload, Weight: a.Weight, Health: a.Health, Replicas: a.Replicas}, nil
}

// Target gives the answer to a change as the port has it.
func (p Progress) Target() (target.Progress, error) {
	o, err := p.Observation.Target()
	if err != nil {
		return target.Progress{}, fmt.Errorf("observation: %w", err)
	}
	again, err := Duration("look_again_seconds", p.LookAgainSeconds)
	if err != nil {
		return target.Progress{}, err
	}
	return target.Progress{Done: p.Done, LookAgain: again, Observation: o}, nil
}
