package main

import (
	"context"
	"fmt"
	"os"
)

// start compares the provider, from its start to its schema, with the smallest
// one that the framework makes. The two take turns.
func start(ctx context.Context, b *bench) error {
	sluice, err := b.providerPath()
	if err != nil {
		return err
	}
	floor, err := b.build(ctx, "smallest")
	if err != nil {
		return err
	}
	var ours, theirs started
	for range b.rounds(31, 7) {
		if err := ours.once(ctx, sluice); err != nil {
			return err
		}
		if err := theirs.once(ctx, floor); err != nil {
			return err
		}
	}
	b.add("provider_exec_to_schema", 1000*median(ours.total), "ms")
	b.add("smallest_exec_to_schema", 1000*median(theirs.total), "ms")
	b.want("provider_exec_to_schema_ratio", median(ratios(ours.total, theirs.total)), "x", atMost(1.5))
	b.add("provider_exec_to_handshake", 1000*median(ours.handshake), "ms")
	b.add("smallest_exec_to_handshake", 1000*median(theirs.handshake), "ms")
	b.add("provider_schema_call", 1000*median(ours.call), "ms")
	b.add("smallest_schema_call", 1000*median(theirs.call), "ms")
	b.add("provider_cpu_to_schema", 1000*median(ours.cpu), "ms")
	b.add("smallest_cpu_to_schema", 1000*median(theirs.cpu), "ms")
	b.add("provider_cpu_to_schema_ratio", median(ratios(ours.cpu, theirs.cpu)), "x")
	b.add("provider_schema", ours.schema/1000, "KB")
	b.want("provider_peak_memory_after_schema", greatest(ours.peak)/megabyte, "MB", atMost(30))
	b.add("smallest_peak_memory_after_schema", greatest(theirs.peak)/megabyte, "MB")
	for _, binary := range []struct {
		name, path string
		bound      *bound
	}{{"provider_binary", sluice, &bound{"<=", 45}}, {"smallest_binary", floor, nil}} {
		info, err := os.Stat(binary.path)
		if err != nil {
			return fmt.Errorf("measuring a binary: %w", err)
		}
		b.print(figure{binary.name, float64(info.Size()) / megabyte, "MB", binary.bound})
	}
	return nil
}

// started collects what several starts of one binary took, in seconds and bytes.
type started struct {
	total, handshake, call, peak, cpu []float64
	schema                            float64
}

func (s *started) once(ctx context.Context, path string) error {
	p, err := startPlugin(ctx, path)
	if err != nil {
		return err
	}
	s.total = append(s.total, (p.handshake + p.call).Seconds())
	s.handshake = append(s.handshake, p.handshake.Seconds())
	s.call = append(s.call, p.call.Seconds())
	s.peak = append(s.peak, p.peak)
	s.cpu = append(s.cpu, p.cpu)
	s.schema = p.schema
	return nil
}
