package cli

import (
	"encoding/json"
	"testing"
)

func TestTheVersionIsSaidInEitherWay(t *testing.T) {
	w := newWorld(t)
	text := w.expect(Done, "version").out
	contains(t, text, "sluice 1.2.3 (", "judge ")
	if got := w.expect(Done, "--version").out; got != text {
		t.Errorf("--version says %q and version %q", got, text)
	}
	for _, args := range [][]string{{"version", "--json"}, {"--version", "--json"}, {"--json", "--version"}} {
		var v versionJSON
		if err := json.Unmarshal([]byte(w.expect(Done, args...).out), &v); err != nil || v.Version != "1.2.3" || v.Judge == "" || v.SpecFormat < 1 {
			t.Errorf("%v: %v, %+v", args, err, v)
		}
	}
}

func TestTheRootAloneHelps(t *testing.T) {
	w := newWorld(t)
	contains(t, w.expect(Done).out, "Available Commands", "--version", "Exit codes: 0 done, 1 failed, 2 bad usage or input, 3 blocked by a gate, 4 rolled back.")
	contains(t, w.expect(BadUsage, "--json").errors, "--json alone says nothing", "sluice status --json")
	contains(t, w.expect(BadUsage, "--version", "now").errors, `"now" is no command of sluice`)
	contains(t, w.expect(BadUsage, "status", "--version").errors, "unknown flag: --version")
}
