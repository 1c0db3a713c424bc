package release_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// longStream is the stream of one open rollout that has been judged for so long
// that it has this many records.
func longStream(t testing.TB, records int) []ledger.Record {
	t.Helper()
	w := newWorld(t)
	w.serve(t, old)
	req := request(good)
	req.Spec.Strategy.Bake = field.Duration(10 * time.Minute)
	req.Spec.Strategy.Analysis.Metrics["errors"] = strategy.Metric{Critical: true, Ceiling: 0.0001}
	ctx, stop := contextUntil(t, w, "renew", 12)
	_, _ = w.engine("a", nil).Ship(ctx, req)
	stop()
	short := w.records(t)
	last := short[len(short)-1]
	if last.Kind != release.KindTick {
		t.Fatalf("the stream ends with %s", last.Kind)
	}
	var tick release.TickBody
	if err := json.Unmarshal(last.Body, &tick); err != nil {
		t.Fatal(err)
	}
	prev, at := last, last.At
	for n := len(short); n < records; n++ {
		at = at.Add(10 * time.Second)
		tick.Input.At += 10
		body, err := json.Marshal(struct {
			Rollout int `json:"rollout"`
			release.TickBody
		}{1, tick})
		if err != nil {
			t.Fatal(err)
		}
		prev = ledger.Seal(last.Stream, prev.Seq+1, prev.Hash, ledger.Entry{ID: fmt.Sprint("tick-", n), Kind: release.KindTick, At: at, Actor: "a", Body: body})
		short = append(short, prev)
	}
	return short
}

func BenchmarkFoldOf10000Records(b *testing.B) {
	records := longStream(b, 10_000)
	b.ResetTimer()
	for b.Loop() {
		if _, err := release.Fold(key, records); err != nil {
			b.Fatal(err)
		}
	}
}
