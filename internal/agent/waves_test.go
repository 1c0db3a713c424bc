package agent_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// many makes a specification of a release over so many targets: the first one alone and the others two by two.
func (w *world) many(n int) (spec release.Spec, parts []release.Key) {
	key := keyOf(0)
	spec = w.spec(key, good)
	spec.Target, spec.Signals = target.Config{}, nil
	spec.Waves = &release.Waves{Sizes: []int{1, 2}}
	for i := range n {
		part := release.Key{Service: key.Service, Environment: key.Environment, Target: fmt.Sprintf("cell-%d", i)}
		config, _ := json.Marshal(named{part.String()})
		one := w.spec(part, good)
		spec.Targets = append(spec.Targets, release.TargetSpec{Name: part.Target, Target: target.Config{Driver: "sim", Config: config}, Signals: one.Signals})
		parts = append(parts, part)
	}
	return spec, parts
}

// An agent that is told to stop in the midst of a wave lets each target's driver come to
// a safe point and gives all leases back, and the other agent takes the whole up at once.
func TestAHandOverOfManyTargetsIsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	w.bake = time.Second
	spec, parts := w.many(3)
	w.beginSpec(spec)
	long := func(o *agent.Options) { o.LeaseTTL = time.Hour }
	first := w.run("first", long)
	inWave := func() bool {
		for _, part := range parts[1:] {
			if open := w.history(part).Open(); open == nil || open.State != release.Baking && open.State != release.Stepping {
				return false
			}
		}
		return true
	}
	w.until("two targets are under way at once", inWave)
	second := w.run("second", long)
	w.until("the second watches", func() bool { return contains(scrape(t, second, "/metrics"), `sluice_agent_rollouts{status="held"} 1`) })
	first.stop()
	<-first.done
	if first.err != nil {
		t.Fatal(first.err)
	}
	w.until("the second ends it", w.ended(keyOf(0), 1))
	for _, key := range append(parts, keyOf(0)) {
		r := w.history(key).Last()
		if r == nil || r.State != release.Succeeded {
			t.Errorf("%s: %+v", key, r)
		}
		w.wantNoOpenIntentAtHandOver(key)
	}
	for _, part := range parts {
		w.wantOneDriver(part)
	}
	records, err := w.ledger.Read(t.Context(), keyOf(0).Stream(), 1)
	if err != nil || records[len(records)-1].Actor != "second" {
		t.Errorf("the second did not end it: %v", err)
	}
}
