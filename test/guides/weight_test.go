package guides

import (
	"bytes"
	"debug/buildinfo"
	"os"
	"path/filepath"
	"testing"
)

// mostBytes is how large the provider may be, as it is built for most who run it.
const mostBytes = 45e6

// TestAccTheBinaryHoldsNothingThatNobodyCalls looks at the names of the functions in
// the binary that make build has left.
//
// One call that looks a method up by a name that is not a constant makes the linker
// keep every exported method of every type, ten megabytes of them (ADR 0051). Which
// call it was, "go build -ldflags=-dumpdep . 2>&1 | grep ReflectMethod" says.
func TestAccTheBinaryHoldsNothingThatNobodyCalls(t *testing.T) {
	path := filepath.Join(home(t), "bin/terraform-provider-sluice")
	binary, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	platform := ""
	for _, s := range info.Settings {
		if s.Key == "GOOS" || s.Key == "GOARCH" {
			platform += s.Value
		}
	}
	if platform == "amd64linux" && len(binary) > mostBytes {
		t.Errorf("the binary has %.1f MB, and may have %.0f", float64(len(binary))/1e6, mostBytes/1e6)
	}
	if !bytes.Contains(binary, []byte("github.com/spf13/cobra.(*Command).SetUsageFunc\x00")) {
		t.Error("the names of the functions are not in the binary, and this test sees nothing")
	}
	for _, name := range []string{
		"text/template.(*state).evalField", "net/rpc.(*Server).register",
		// Nobody calls these.
		"github.com/spf13/cobra.(*Command).SetUsageTemplate",
		"github.com/aws/aws-sdk-go-v2/service/s3.(*Client).DeleteBucketPolicy",
	} {
		if bytes.Contains(binary, []byte(name+"\x00")) {
			t.Errorf("%s is in the binary", name)
		}
	}
}
