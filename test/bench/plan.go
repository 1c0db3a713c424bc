package main

import (
	"context"
	"fmt"
)

// planned is how many objects a plan has.
var planned = []int{100, 1000}

// plans compares plans of environments with plans of terraform_data, and beside
// them of the smallest resource that the framework makes: from nothing, and with
// nothing to do. All kinds take turns.
func plans(ctx context.Context, b *bench) error {
	in, err := b.installPlain(ctx)
	if err != nil {
		return err
	}
	kinds := []object{builtIn, environment, smallest}
	fresh := map[string]*project{}
	for _, o := range kinds {
		if fresh[o.name], err = b.open(ctx, "fresh-"+o.name, o, in); err != nil {
			return err
		}
	}
	for _, n := range planned {
		steady := map[string]*project{}
		for _, o := range kinds {
			if steady[o.name], err = b.open(ctx, fmt.Sprintf("steady-%s-%d", o.name, n), o, in); err != nil {
				return err
			}
			if err := steady[o.name].applied(ctx, n); err != nil {
				return err
			}
		}
		if err := b.compare(ctx, "plan", fresh, n, true); err != nil {
			return err
		}
		if err := b.compare(ctx, "noop_plan", steady, n, false); err != nil {
			return err
		}
	}
	return nil
}

// installPlain installs the providers as they are.
func (b *bench) installPlain(ctx context.Context) (installed, error) {
	sluice, err := b.providerPath()
	if err != nil {
		return installed{}, err
	}
	floor, err := b.build(ctx, "smallest")
	if err != nil {
		return installed{}, err
	}
	return b.install("plain", map[string]string{environment.provider: sluice, smallest.provider: floor})
}

// compare prints how the kinds compare at n objects.
func (b *bench) compare(ctx context.Context, what string, projects map[string]*project, n int, changes bool) error {
	wall, cpu := map[string][]float64{}, map[string][]float64{}
	for range b.rounds(7, 2) {
		for _, name := range []string{builtIn.name, environment.name, smallest.name} {
			u, err := projects[name].plan(ctx, n, changes)
			if err != nil {
				return err
			}
			wall[name], cpu[name] = append(wall[name], u.wall), append(cpu[name], u.cpu)
		}
	}
	of := func(name string) string { return fmt.Sprintf("%s_%d_%s", what, n, name) }
	b.add(of("terraform_data"), median(wall[builtIn.name]), "s")
	b.add(of("sluice"), median(wall[environment.name]), "s")
	ratio := figure{name: of("to_terraform_data_ratio"), value: median(ratios(wall[environment.name], wall[builtIn.name])), unit: "x"}
	if n >= 1000 {
		ratio.want = &bound{"<=", 3}
	}
	b.print(ratio)
	b.add(of("to_terraform_data_cpu_ratio"), median(ratios(cpu[environment.name], cpu[builtIn.name])), "x")
	b.add(of("smallest_to_terraform_data_ratio"), median(ratios(wall[smallest.name], wall[builtIn.name])), "x")
	b.add(of("per_object_over_terraform_data"), 1000*(median(cpu[environment.name])-median(cpu[builtIn.name]))/float64(n), "cpu_ms")
	return nil
}
