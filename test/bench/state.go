package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
)

// applied brings a project to where an apply of n objects would leave it. It
// applies one and copies its state and its declared object, since the time of an
// apply grows with the square of the number of objects in Terraform itself.
func (p *project) applied(ctx context.Context, n int) error {
	if _, err := p.run(ctx, 0, "apply", "-input=false", "-no-color", "-auto-approve", "-var=n=1"); err != nil {
		return err
	}
	if err := replicateState(filepath.Join(p.dir, "terraform.tfstate"), n); err != nil {
		return fmt.Errorf("writing the state of %d objects: %w", n, err)
	}
	if p.object.name != environment.name {
		return nil
	}
	return declare(ctx, p.ledger(), n)
}

// named writes the name of the object with that index in place of the first's.
func named(content []byte, index int) []byte {
	return bytes.ReplaceAll(content, []byte(`bench-0`), fmt.Appendf(nil, "bench-%d", index))
}

// replicateState makes n instances of the one that a state holds.
func replicateState(file string, n int) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var state map[string]json.RawMessage
	if err := json.Unmarshal(content, &state); err != nil {
		return err
	}
	var resources []map[string]json.RawMessage
	if err := json.Unmarshal(state["resources"], &resources); err != nil {
		return err
	}
	if len(resources) != 1 {
		return fmt.Errorf("the state has %d resources and not 1", len(resources))
	}
	var instances []map[string]json.RawMessage
	if err := json.Unmarshal(resources[0]["instances"], &instances); err != nil {
		return err
	}
	if len(instances) != 1 {
		return fmt.Errorf("the state has %d instances and not 1", len(instances))
	}
	first, err := json.Marshal(instances[0])
	if err != nil {
		return err
	}
	for i := 1; i < n; i++ {
		var next map[string]json.RawMessage
		if err := json.Unmarshal(named(first, i), &next); err != nil {
			return err
		}
		next["index_key"] = fmt.Appendf(nil, "%d", i)
		instances = append(instances, next)
	}
	if resources[0]["instances"], err = json.Marshal(instances); err != nil {
		return err
	}
	if state["resources"], err = json.Marshal(resources); err != nil {
		return err
	}
	if content, err = json.MarshalIndent(state, "", "  "); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o600)
}

// declare puts the objects 1 to n-1 into the ledger, each like the first.
func declare(ctx context.Context, path string, n int) (err error) {
	l, err := sqlite.Open(ctx, path, sqlite.Options{MustExist: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	first, err := ledger.GetObject(ctx, l, "environment", "bench-0")
	if err != nil {
		return err
	}
	for i := 1; i < n; i++ {
		put := ledger.Put{
			Kind: first.Kind, Name: fmt.Sprintf("bench-%d", i), Content: named(first.Content, i), Actor: "bench", At: time.Now(),
		}
		if _, err := ledger.PutObject(ctx, l, put); err != nil {
			return err
		}
	}
	return nil
}
