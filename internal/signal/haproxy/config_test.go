package haproxy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/haproxy"
)

const good = `{"socket": "tcp://127.0.0.1:9999", "backends": ["checkout"], "arms": {"blue": ["blue-*"], "green": ["green-*"]}, "memory": "m/baseline"}`

func TestConfigurations(t *testing.T) {
	if errs := haproxy.Validate(json.RawMessage(good)); len(errs) > 0 {
		t.Fatal(errs)
	}
	for name, tc := range map[string]struct{ old, with, path, says string }{
		"misspelt":      {`"memory"`, `"memroy"`, "", "memroy"},
		"of the target": {`"memory"`, `"identity": {}, "memory"`, "", "allowed are socket, backends, arms, memory and timeout"},
		"no socket":     {`tcp://127.0.0.1:9999`, ``, "socket", "the socket is empty"},
		"one arm":       {`["green-*"]`, `[]`, "arms.green", "no server is named"},
	} {
		t.Run(name, func(t *testing.T) {
			raw := json.RawMessage(strings.Replace(good, tc.old, tc.with, 1))
			errs := haproxy.Validate(raw)
			if len(errs) != 1 || errs[0].Path != tc.path || !strings.Contains(errs[0].Msg, tc.says) {
				t.Errorf("got %+v, want one at %q that says %q", errs, tc.path, tc.says)
			}
			if _, err := haproxy.Driver().Open(t.Context(), raw, signal.Deps{}); err == nil {
				t.Error("it can be opened all the same")
			}
		})
	}
}
