package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
)

const oneInstance = `{"version":4,"serial":1,"lineage":"x","resources":[{"mode":"managed","type":"sluice_environment","name":"bench",
  "instances":[{"index_key":0,"schema_version":0,"attributes":{"name":"bench-0","definition":{"content":"{\"name\":\"bench-0\"}","name":"bench-0"}}}]}]}`

func TestStateIsReplicatedUnderOtherNames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "terraform.tfstate")
	if err := os.WriteFile(file, []byte(oneInstance), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replicateState(file, 12); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Lineage   string
		Resources []struct {
			Instances []struct {
				IndexKey   int `json:"index_key"`
				Attributes struct {
					Name       string
					Definition struct{ Content, Name string }
				}
			}
		}
	}
	if err := json.Unmarshal(content, &state); err != nil {
		t.Fatal(err)
	}
	if state.Lineage != "x" || len(state.Resources) != 1 || len(state.Resources[0].Instances) != 12 {
		t.Fatalf("the state is %s", content)
	}
	for i, instance := range state.Resources[0].Instances {
		name := fmt.Sprintf("bench-%d", i)
		got := []string{instance.Attributes.Name, instance.Attributes.Definition.Name, instance.Attributes.Definition.Content}
		if diff := cmp.Diff([]string{name, name, `{"name":"` + name + `"}`}, got); diff != "" || instance.IndexKey != i {
			t.Errorf("instance %d has the key %d (-want +got):\n%s", i, instance.IndexKey, diff)
		}
	}
}

func TestAnotherStateThanExpectedIsRefused(t *testing.T) {
	for name, content := range map[string]string{
		"no resource":   `{"resources":[]}`,
		"no instance":   `{"resources":[{"instances":[]}]}`,
		"two instances": `{"resources":[{"instances":[{},{}]}]}`,
		"no JSON":       `state`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "terraform.tfstate")
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := replicateState(file, 3); err == nil {
				t.Error("replicated without an error")
			}
		})
	}
}

func TestDeclaredObjectsFollowTheState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	first := ledger.Put{Kind: "environment", Name: "bench-0", Content: []byte(`{"name":"bench-0","tier":"production"}`), Actor: "t", At: time.Now()}
	if _, err := ledger.PutObject(t.Context(), l, first); err != nil {
		t.Fatal(err)
	}
	if err := declare(t.Context(), path, 3); err != nil {
		t.Fatal(err)
	}
	objects, err := ledger.ListObjects(t.Context(), l, "environment", "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range objects {
		got = append(got, o.Name+" "+string(o.Content))
	}
	want := []string{
		`bench-0 {"name":"bench-0","tier":"production"}`, `bench-1 {"name":"bench-1","tier":"production"}`, `bench-2 {"name":"bench-2","tier":"production"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}
