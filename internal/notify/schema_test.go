package notify

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// spec is a checkout of CDEvents' specification, for `make cdevents SPEC=DIR`. Their
// schemas are theirs, and are not kept here; those in testdata were written from the
// text of the specification.
var spec = flag.String("cdevents", "", "folder of CDEvents' specification, whose own schemas the events are held against")

var update = flag.Bool("update", false, "write the golden files anew")

// schema compiles a schema of testdata.
func schema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// valid holds a value, as JSON, against a schema.
func valid(s *jsonschema.Schema, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return s.Validate(tree)
}

func TestEachEventIsACloudEventAndACDEvent(t *testing.T) {
	w := newWorld(t)
	w.history()
	ce, cd := schema(t, "cloudevents.schema.json"), schema(t, "cdevents.schema.json")
	events := w.all()
	if len(events) < 40 {
		t.Fatalf("only %d events", len(events))
	}
	for _, e := range events {
		line, err := e.Line()
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(ce, json.RawMessage(line)); err != nil {
			t.Errorf("%s: %v", brief(e), err)
		}
		if err := valid(cd, e.Data); err != nil {
			t.Errorf("%s: %v", brief(e), err)
		}
		if bytes.Contains(line, []byte("\n")) || bytes.Contains(line, []byte("never told")) {
			t.Errorf("%s: %s", brief(e), line)
		}
		byOthers(t, e, line)
	}
}

// byOthers reads an event with the library of the CloudEvents project, and holds the
// binding of CDEvents: the two say the same of what both have.
func byOthers(t *testing.T, e Event, line []byte) {
	t.Helper()
	var theirs cloudevents.Event
	if err := json.Unmarshal(line, &theirs); err != nil {
		t.Fatal(err)
	}
	if err := theirs.Validate(); err != nil {
		t.Errorf("%s: %v", brief(e), err)
	}
	var data CDEvent
	if err := theirs.DataAs(&data); err != nil {
		t.Fatal(err)
	}
	got := Context{SpecVersion: data.Context.SpecVersion, ID: theirs.ID(), Source: theirs.Source(), Type: theirs.Type(), Timestamp: theirs.Time()}
	if diff := cmp.Diff(data.Context, got); diff != "" {
		t.Errorf("%s: %s", brief(e), diff)
	}
	if theirs.Subject() != data.Subject.ID {
		t.Errorf("%s: the subjects are %q and %q", brief(e), theirs.Subject(), data.Subject.ID)
	}
}

// TestTheSchemasRefuseWhatIsWrong keeps the schemas from taking anything.
func TestTheSchemasRefuseWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	w.ship("checkout/production", 1)
	cd, ce := schema(t, "cdevents.schema.json"), schema(t, "cloudevents.schema.json")
	for name, spoil := range map[string]func(e *Event){
		"no artifact":        func(e *Event) { delete(e.Data.Subject.Content, "artifactId") },
		"another field":      func(e *Event) { e.Data.Subject.Content["more"] = 1 },
		"an unknown type":    func(e *Event) { e.Data.Context.Type = "dev.cdevents.service.improved.0.3.0" },
		"another version":    func(e *Event) { e.Data.Context.SpecVersion = "0.4.1" },
		"no artifact's name": func(e *Event) { e.Data.Subject.Content["artifactId"] = "checkout" },
		"an id that is empty": func(e *Event) {
			e.Data.Context.ID = ""
		},
	} {
		for _, e := range w.all() {
			if unversioned(e.Type) != ServiceUpgraded {
				continue
			}
			if err := valid(cd, e.Data); err != nil {
				t.Fatal(err)
			}
			spoil(&e)
			if valid(cd, e.Data) == nil {
				t.Errorf("%s: nobody minds", name)
			}
		}
	}
	if valid(ce, map[string]any{"specversion": "0.3", "id": "1", "source": "x", "type": "y"}) == nil {
		t.Error("an old CloudEvent passes")
	}
}

// TestEachEventIsByTheSchemasOfCDEventsThemselves is for whoever has a checkout of the
// specification at the version that SpecVersion names; make cdevents says how.
func TestEachEventIsByTheSchemasOfCDEventsThemselves(t *testing.T) {
	if *spec == "" {
		return // The schemas in testdata are held against the events all the same.
	}
	version, err := os.ReadFile(filepath.Join(*spec, "version.txt"))
	if err != nil || strings.TrimSpace(string(version)) != SpecVersion {
		t.Fatalf("%v: the specification in %s is of version %q, and the events are in %s", err, *spec, bytes.TrimSpace(version), SpecVersion)
	}
	compiler, byType := theirSchemas(t, *spec)
	w := newWorld(t)
	w.history()
	for _, e := range w.all() {
		id := byType[e.Type]
		if id == "" {
			id = byType["custom"]
		}
		s, err := compiler.Compile(id)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(s, e.Data); err != nil {
			t.Errorf("%s: %v", brief(e), err)
		}
		if strings.HasPrefix(e.Type, own) != (id == byType["custom"]) {
			t.Errorf("%s is held against %s", e.Type, id)
		}
	}
}

// theirSchemas reads the schemas of the specification, and which is of which type.
func theirSchemas(t *testing.T, dir string) (*jsonschema.Compiler, map[string]string) {
	t.Helper()
	compiler, byType := jsonschema.NewCompiler(), map[string]string{}
	compiler.AssertFormat()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		inSchemas := strings.Contains(path, "/schemas/") || filepath.Base(path) == "schema.json"
		if err != nil || !inSchemas || filepath.Ext(path) != ".json" || strings.Contains(path, "/_defs/") || strings.Contains(path, "/registry/") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			return err
		}
		var head struct {
			ID         string `json:"$id"`
			Properties struct {
				Context struct {
					Properties struct {
						Type struct {
							Enum    []string `json:"enum"`
							Pattern string   `json:"pattern"`
						} `json:"type"`
					} `json:"properties"`
				} `json:"context"`
			} `json:"properties"`
		}
		if err := json.Unmarshal(raw, &head); err != nil {
			return err
		}
		for _, typ := range head.Properties.Context.Properties.Type.Enum {
			byType[typ] = head.ID
		}
		if head.Properties.Context.Properties.Type.Pattern != "" {
			byType["custom"] = head.ID
		}
		return compiler.AddResource(head.ID, tree)
	})
	if err != nil {
		t.Fatal(err)
	}
	return compiler, byType
}
