package acctest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
)

// schemas are those of a provider as they come over the wire, with one field of its own,
// and entries of maps.
func schemas(entries map[protowire.Number][]string) []byte {
	out := protowire.AppendTag(nil, 1, protowire.BytesType)
	out = protowire.AppendBytes(out, []byte("the provider's own"))
	for _, number := range []protowire.Number{2, 3, 7} {
		for _, name := range entries[number] {
			entry := protowire.AppendTag(nil, 1, protowire.BytesType)
			entry = protowire.AppendString(entry, name)
			out = protowire.AppendTag(out, number, protowire.BytesType)
			out = protowire.AppendBytes(out, entry)
		}
	}
	return out
}

// What a file names is kept, with everything that is no map of objects.
func TestSchemasAreThoseOfWhatIsNamed(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.tf": `resource "aws_lb" "web" {}`, "modules/a/main.tf": `data "aws_vpc" "a" {}`, "terraform.tfstate": `{"type": "aws_old"}`, "README.md": "aws_told",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names, err := named(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := keep(schemas(map[protowire.Number][]string{2: {"aws_lb", "aws_lb_listener", "aws_old"}, 3: {"aws_lbs", "aws_vpc", "aws_told"}, 7: {"arn_parse"}}), names)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(schemas(map[protowire.Number][]string{2: {"aws_lb", "aws_old"}, 3: {"aws_vpc"}, 7: {"arn_parse"}}), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := keep(got[:len(got)-1], names); err == nil {
		t.Error("half of an answer is none")
	}
}
