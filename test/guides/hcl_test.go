package guides

import (
	"path/filepath"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// TestTheHCLOfTheGuidesIsFormattedAndParses reads what no test applies.
func TestTheHCLOfTheGuidesIsFormattedAndParses(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "templates/guides/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		for _, text := range blocks(read(t, "templates/guides/"+name), "terraform") {
			if _, diags := hclsyntax.ParseConfig([]byte(text), name, hcl.InitialPos); diags.HasErrors() {
				t.Errorf("%s: %v in\n%s", name, diags, text)
			}
			if formatted := string(hclwrite.Format([]byte(text))); formatted != text {
				t.Errorf("%s: terraform fmt would write\n%s", name, formatted)
			}
		}
	}
}
