package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "cut the models again out of the installed botocore")

var folder = filepath.Join("..", "..", "internal", "awscloud", "awstest")

// botocore finds the models that come with the Python that runs moto_server, and their
// version. A machine without them fails, as it does without moto.
func botocore(t *testing.T) (data, version string) {
	t.Helper()
	server, err := exec.LookPath("moto_server")
	if err != nil {
		t.Fatal("moto_server is not on the PATH, and botocore comes with it; run make packages, or pip install 'moto[server]==5.2.1'")
	}
	pythons := []string{filepath.Join(filepath.Dir(server), "python3"), "python3"}
	// The script says which Python runs it, where it is no wrapper.
	if script, err := os.ReadFile(server); err == nil && bytes.HasPrefix(script, []byte("#!")) {
		first, _, _ := strings.Cut(strings.TrimPrefix(string(script), "#!"), "\n")
		if words := strings.Fields(first); len(words) == 1 && strings.Contains(words[0], "python") {
			pythons = append(words, pythons...)
		}
	}
	var tried strings.Builder
	for _, python := range pythons {
		out, err := exec.Command(python, "-c", "import botocore, os; print(botocore.__version__); print(os.path.join(os.path.dirname(botocore.__file__), 'data'))").Output()
		if lines := strings.Split(strings.TrimSpace(string(out)), "\n"); err == nil && len(lines) == 2 {
			return lines[1], lines[0]
		}
		fmt.Fprintf(&tried, " %s: %v;", python, err)
	}
	t.Fatalf("botocore is not beside moto_server; run make packages, or pip install 'moto[server]==5.2.1'. Tried%s", tried.String())
	return "", ""
}

// The models that our requests and our fakes are held to are what botocore ships, so no
// fake can drift from AWS in silence, nor can a cut be changed by hand.
func TestTheCutsAreWhatBotocoreShips(t *testing.T) {
	data, version := botocore(t)
	all, err := read(folder)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := all.refresh(folder, data, version); err != nil {
			t.Fatal(err)
		}
		return
	}
	for name, m := range all.Models {
		now, err := m.again(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		kept, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, difference := range differences(t, kept, now) {
			t.Errorf("%s, cut out of botocore %s, differs from the installed %s: %s\nlook whether a fake or a driver must follow, and cut again: go test ./tools/awsmodel -update", name, all.Botocore, version, difference)
		}
	}
}

// differences names the operations and shapes in which two cuts differ. The order of what
// is in them is no difference.
func differences(t *testing.T, kept, now []byte) []string {
	t.Helper()
	var a, b map[string]map[string]json.RawMessage
	for raw, into := range map[*[]byte]*map[string]map[string]json.RawMessage{&kept: &a, &now: &b} {
		var whole map[string]json.RawMessage
		if err := json.Unmarshal(*raw, &whole); err != nil {
			t.Fatal(err)
		}
		*into = map[string]map[string]json.RawMessage{}
		for part, content := range whole {
			var named map[string]json.RawMessage
			if json.Unmarshal(content, &named) != nil {
				named = map[string]json.RawMessage{"": content}
			}
			(*into)[part] = named
		}
	}
	var out []string
	for part := range union(a, b) {
		for name := range union(a[part], b[part]) {
			if plain(a[part][name]) != plain(b[part][name]) {
				out = append(out, part+" "+name)
			}
		}
	}
	slices.Sort(out)
	return out
}

func union[V any](a, b map[string]V) map[string]V {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]V{}
	}
	maps.Copy(out, b)
	return out
}

// plain writes JSON with its keys in order.
func plain(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	out, _ := json.Marshal(v) // It was JSON.
	return string(out)
}

// A cut that was changed by hand, one that nobody wrote down, and an operation that the
// model has not are found.
func TestADriftingCutIsFound(t *testing.T) {
	if got := differences(t, []byte(`{"source": "x", "operations": {"A": {"http": {"method": "GET"}}}, "shapes": {"S": {"type": "string", "max": 3}}}`),
		[]byte(`{"source": "x", "operations": {"A": {"http": {"method": "GET"}}, "B": {}}, "shapes": {"S": {"max": 4, "type": "string"}}}`)); !slices.Equal(got, []string{"operations B", "shapes S"}) {
		t.Errorf("%q", got)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{list: `{"botocore": "1", "models": {}}`, "lambda.json": "{}"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := read(dir); err == nil || !strings.Contains(err.Error(), "does not say how lambda.json was made") {
		t.Errorf("%v", err)
	}
	data, _ := botocore(t)
	if _, err := (made{Model: "lambda/2015-03-31", Operations: []string{"MakeCoffee"}}).again(data); err == nil || !strings.Contains(err.Error(), `no operation "MakeCoffee"`) {
		t.Errorf("%v", err)
	}
}
