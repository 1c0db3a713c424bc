// Package guides holds the guides of the documentation to what is true: what they
// show is run, and what they list is compared with what the program says.
package guides

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

func TestMain(m *testing.M) { acctest.Main(m) }

// root is the folder of the project.
const root = "../.."

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// guide is the source of a guide; docs/guides has what make generate made of it.
func guide(t *testing.T, name string) string { return read(t, "templates/guides/"+name+".md") }

// source is the file of a guide.
func source(name string) string { return filepath.Join(root, "templates/guides", name+".md") }

// block is a fenced block of a guide.
var block = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

// blocks lists the content of the blocks in one language.
func blocks(text, language string) []string {
	var list []string
	for _, m := range block.FindAllStringSubmatch(text, -1) {
		if m[1] == language {
			list = append(list, m[2])
		}
	}
	return list
}

var link = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)

// TestEachGuideIsReachedAndItsLinksLead follows the links between the pages.
func TestEachGuideIsReachedAndItsLinksLead(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "docs/guides/*.md"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %d guides", err, len(files))
	}
	index := read(t, "docs/index.md")
	for _, file := range files {
		name := filepath.Base(file)
		if !strings.Contains(index, "(guides/"+name+")") {
			t.Errorf("docs/index.md does not name %s", name)
		}
		for _, m := range link.FindAllStringSubmatch(read(t, "docs/guides/"+name), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, "docs/guides", m[1])); err != nil {
				t.Errorf("%s leads to %s, which is not there", name, m[1])
			}
		}
	}
}
