package all

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckImplicitOnANetworkFileSystem(t *testing.T) {
	t.Parallel()
	none := func(string) string { return "" }
	asked := ""
	err := checkImplicit(none, "home", func(dir string) bool { asked = dir; return true })
	if !errors.Is(err, ErrImplicit) || !strings.Contains(err.Error(), "home is on a network file system") || asked != "home" {
		t.Errorf("asked about %q, got %v", asked, err)
	}
}
