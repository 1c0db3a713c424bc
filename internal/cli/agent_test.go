package cli

import (
	"strings"
	"testing"
)

func TestTheAgentRefusesWhatItCannotTake(t *testing.T) {
	for args, says := range map[string]string{
		"--name a/b":              "the agent's name \"a/b\"",
		"--service a/b":           `--service "a/b"`,
		"--environment x@y/":      `--environment "x@y/"`,
		"--max-rollouts 0":        "it is at least 1, for example --max-rollouts 200",
		"--log-format xml":        "neither text nor json; for example --log-format json",
		"--drift-every 5":         "--drift-every",
		"--drift-every 1s":        "it is at least 1m, for example --drift-every 2m",
		"--look-every 0s":         "--look-every",
		"--lease 100ms":           "it is at least 1s",
		"--stop-within x":         "--stop-within",
		"--listen nowhere":        "an address with a port, for example 127.0.0.1:9464, or none",
		"checkout":                "usage: sluice agent",
		"--ledger sqlite:none.db": "does not exist",
	} {
		w := newWorld(t)
		w.shipped(first)
		r := w.run(append([]string{"agent"}, strings.Fields(args)...)...)
		if r.code == Done || !strings.Contains(r.errors, says) {
			t.Errorf("%s: exit code %d, %s; want %q", args, r.code, r.errors, says)
		}
	}
}

func TestTheAgentIsToldByTheEnvironmentToo(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.env["SLUICE_AGENT_MAX_ROLLOUTS"] = "many"
	if r := w.run("agent"); r.code != BadUsage || !strings.Contains(r.errors, "SLUICE_AGENT_MAX_ROLLOUTS") {
		t.Errorf("exit code %d, %s", r.code, r.errors)
	}
	// A flag outweighs it.
	w.env["SLUICE_AGENT_MAX_ROLLOUTS"], w.env["SLUICE_AGENT_LOG_FORMAT"] = "5", "xml"
	if r := w.run("agent", "--log-format", "yaml"); r.code != BadUsage || !strings.Contains(r.errors, `"yaml"`) {
		t.Errorf("exit code %d, %s", r.code, r.errors)
	}
}

// An agent whose ledger lies below a scope that nobody gave it stands still: it says so.
func TestTheAgentSaysThatAboveIsMissing(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.above("acme.db")
	w.must("ledger", "scope", "acme/retail")
	given := w.run("agent", "--listen", "nowhere").errors
	delete(w.env, "SLUICE_SCOPE")
	delete(w.env, "SLUICE_ABOVE")
	missing := w.run("agent", "--listen", "nowhere").errors
	if says := "nothing goes forward from here"; strings.Contains(given, says) || !strings.Contains(missing, says) || !strings.Contains(missing, "no ledger of acme is given") {
		t.Errorf("with it: %s\nwithout it: %s", given, missing)
	}
}
