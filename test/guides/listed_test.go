package guides

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestEachGuideIsListed: a guide that neither the README nor the first page of the
// documentation names is found by nobody.
func TestEachGuideIsListed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "templates/guides/*.md*"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d guides, %v", len(files), err)
	}
	_, readme, _ := strings.Cut(read(t, "README.md"), "## What to read next")
	_, first, _ := strings.Cut(read(t, "templates/index.md.tmpl"), "## Guides")
	for _, file := range files {
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		if !strings.Contains(readme, "(docs/guides/"+name+".md)") {
			t.Errorf("the README's table lacks %s", name)
		}
		if !strings.Contains(first, "(guides/"+name+".md)") {
			t.Errorf("the first page of the documentation lacks %s", name)
		}
	}
}
