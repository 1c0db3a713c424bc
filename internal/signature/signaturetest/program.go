package signaturetest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/signature"
	"github.com/sluice/terraform-provider-sluice/internal/signature/sigstore"
)

// Main is sluice-verify when the test binary was started by that name (Program does), and
// returns otherwise. A TestMain calls it first.
func Main() {
	if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == signature.Program {
		os.Exit(sigstore.Main(context.Background(), os.Stdin, os.Stdout, os.Stderr))
	}
}

// Program gives the path of a sluice-verify, which is this test binary.
func Program(t testing.TB) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), signature.Program)
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}
