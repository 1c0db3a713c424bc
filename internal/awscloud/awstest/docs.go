package awstest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// PolicyInDocs holds the file of that name in docs/policies to the text that a package
// makes, or writes it. It is for the tests of packages three folders below the project's
// own, whose working directory it leans on.
func PolicyInDocs(t testing.TB, write bool, name, want string) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "docs", "policies", name)
	if write {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s (-want +got), -update writes it:\n%s", path, diff)
	}
}
