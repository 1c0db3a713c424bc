package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// TestSweep asks the driver itself: Verify would hide a sweep that is never sure.
func TestSweep(t *testing.T) {
	t.Parallel()
	url, schema := server(t).Schema(t)
	l := open(t, url, postgres.Options{})
	var heads []ledger.Head
	for i := range 9 {
		for s := range 3 {
			e := entry(i)
			e.Actor = fmt.Sprint("ünï@acme", s)
			r, err := l.Append(t.Context(), fmt.Sprint("s", s), uint64(i), e)
			if err != nil {
				t.Fatal(err)
			}
			heads = append(heads, ledger.Head{Stream: r.Stream, Seq: r.Seq, Hash: r.Hash})
		}
	}
	want := ledger.Swept{Whole: true, Streams: 4, Records: 28}
	// In one query, in several of which the last is full, empty or neither, one by one.
	for _, rows := range []int{1000, 28, 14, 5, 1} {
		postgres.SweepBy(l, rows)
		if got, err := l.Sweep(t.Context(), heads); err != nil || got != want {
			t.Errorf("%d at a time: got %+v, %v, want %+v", rows, got, err, want)
		}
	}
	exec := open(t, url+"&default_query_exec_mode=exec", postgres.Options{})
	if got, err := exec.Sweep(t.Context(), heads); err != nil || got != want {
		t.Errorf("without prepared statements: got %+v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := l.Sweep(ctx, nil); err == nil || got.Whole {
		t.Errorf("its context has ended: got %+v, %v", got, err)
	}
	for name, change := range map[string]string{
		"a body":              `UPDATE %[1]s.record SET body = '{}' WHERE stream = 's1' AND seq = 3`,
		"one that is gone":    `DELETE FROM %[1]s.record WHERE stream = 's1' AND seq = 3`,
		"a tail that is gone": `DELETE FROM %[1]s.record WHERE stream = 's1' AND seq = 9`,
		"a lease":             `INSERT INTO %[1]s.lease VALUES ('l', 'h', 1, 1, 1, '\x00')`,
	} {
		t.Run(name, func(t *testing.T) {
			pgtest.Exec(t, server(t).URL("postgres"), "BEGIN; CREATE TABLE "+schema+".kept AS TABLE "+schema+".record; "+fmt.Sprintf(change, schema)+"; COMMIT")
			if got, err := l.Sweep(t.Context(), heads); err != nil || got.Whole {
				t.Errorf("the sweep finds nothing: %+v, %v", got, err)
			}
			pgtest.Exec(t, server(t).URL("postgres"), "BEGIN; DELETE FROM "+schema+".lease; DELETE FROM "+schema+".record; INSERT INTO "+schema+".record TABLE "+schema+".kept; DROP TABLE "+schema+".kept; COMMIT")
			if got, err := l.Sweep(t.Context(), heads); err != nil || !got.Whole {
				t.Errorf("the sweep doubts what was put back: %+v, %v", got, err)
			}
		})
	}
}
