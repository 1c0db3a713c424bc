package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// The sizes between which growth is measured.
const (
	few  = 100
	some = 1000
	many = 2000
)

// spent is what the provider's processes took during one command of Terraform.
type spent struct {
	CPU  float64 `json:"cpu_seconds"`
	Peak float64 `json:"peak_bytes"`
}

// weighed is a project whose provider's own use is known, apart from Terraform's.
type weighed struct {
	*project
	file string
}

// weigh opens a project whose provider runs inside the wrapper.
func (b *bench) weigh(ctx context.Context, name string) (*weighed, error) {
	sluice, err := b.providerPath()
	if err != nil {
		return nil, err
	}
	wrap, err := b.build(ctx, "wrap")
	if err != nil {
		return nil, err
	}
	in, err := b.install("wrapped", map[string]string{environment.provider: wrap})
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.dir, name+".usage")
	p, err := b.open(ctx, name, environment, in, "SLUICE_BENCH_PROVIDER="+sluice, "SLUICE_BENCH_USAGE="+file)
	return &weighed{p, file}, err
}

// spend plans and gives the processor time of all of the provider's processes
// together, and the greatest memory of one.
func (w *weighed) spend(ctx context.Context, n int, changes bool) (spent, error) {
	if err := os.WriteFile(w.file, nil, 0o600); err != nil {
		return spent{}, fmt.Errorf("clearing the wrapper's notes: %w", err)
	}
	if _, err := w.plan(ctx, n, changes); err != nil {
		return spent{}, err
	}
	notes, err := os.ReadFile(w.file)
	if err != nil {
		return spent{}, fmt.Errorf("reading the wrapper's notes: %w", err)
	}
	var total spent
	for line := range bytes.Lines(notes) {
		var one spent
		if err := json.Unmarshal(line, &one); err != nil {
			return spent{}, fmt.Errorf("reading the wrapper's notes: %w", err)
		}
		total.CPU, total.Peak = total.CPU+one.CPU, max(total.Peak, one.Peak)
	}
	if total.Peak == 0 {
		return total, fmt.Errorf("the wrapper noted nothing; this figure needs Linux")
	}
	return total, nil
}

// growth shows that the provider's own work grows linearly: what one more object
// costs between 1,000 and 2,000 of them, as a ratio to between 100 and 1,000.
// Terraform's own work does not; it grows with the square in a plan that refreshes.
func growth(ctx context.Context, b *bench) error {
	fresh, err := b.weigh(ctx, "growth-fresh")
	if err != nil {
		return err
	}
	at := func(int) *weighed { return fresh }
	if err := b.grow(ctx, "plan", at, true); err != nil {
		return err
	}
	steady := map[int]*weighed{}
	for _, n := range []int{few, some, many} {
		if steady[n], err = b.weigh(ctx, fmt.Sprintf("growth-steady-%d", n)); err != nil {
			return err
		}
		if err := steady[n].applied(ctx, n); err != nil {
			return err
		}
	}
	return b.grow(ctx, "noop_plan", func(n int) *weighed { return steady[n] }, false)
}

func (b *bench) grow(ctx context.Context, what string, at func(n int) *weighed, changes bool) error {
	cpu := map[int][]float64{}
	for range b.rounds(5, 1) {
		for _, n := range []int{few, some, many} {
			s, err := at(n).spend(ctx, n, changes)
			if err != nil {
				return err
			}
			cpu[n] = append(cpu[n], s.CPU)
		}
	}
	early := (median(cpu[some]) - median(cpu[few])) / (some - few)
	late := (median(cpu[many]) - median(cpu[some])) / (many - some)
	b.add(what+"_provider_per_object", 1000*early, "cpu_ms")
	b.add(what+"_provider_per_object_beyond_1000", 1000*late, "cpu_ms")
	b.want(what+"_provider_growth_ratio", late/early, "x", atMost(1.25))
	return nil
}

// memory is the provider's greatest memory in a plan of 5,000 objects with
// nothing to do.
func memory(ctx context.Context, b *bench) error {
	n := b.rounds(5000, 2000)
	w, err := b.weigh(ctx, "memory")
	if err != nil {
		return err
	}
	if err := w.applied(ctx, n); err != nil {
		return err
	}
	s, err := w.spend(ctx, n, false)
	if err != nil {
		return err
	}
	b.want(fmt.Sprintf("noop_plan_%d_provider_peak_memory", n), s.Peak/megabyte, "MB", atMost(60))
	b.add(fmt.Sprintf("noop_plan_%d_provider_cpu", n), s.CPU, "s")
	return nil
}
