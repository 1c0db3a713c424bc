package haproxy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/target/haproxy"
)

const good = `{"socket": "unix:///run/haproxy/admin.sock", "backends": ["checkout"], "arms": {"blue": ["blue-*"], "green": ["green-*"]},
	"memory": "sluice_checkout/baseline", "identity": {"digest": {"header": "X-Artifact-Digest"}}}`

func TestConfigurations(t *testing.T) {
	if errs := haproxy.Validate(json.RawMessage(good)); len(errs) > 0 {
		t.Fatal(errs)
	}
	for name, tc := range map[string]struct{ old, with, path, says string }{
		"misspelt":        {`"memory"`, `"memroy"`, "", "memroy"},
		"no identity":     {`"identity": {"digest": {"header": "X-Artifact-Digest"}}`, `"drain": "1s"`, "identity", "what serves is read from each server"},
		"no digest":       {`{"digest": {"header": "X-Artifact-Digest"}}`, `{}`, "identity.digest", "name the header or the JSON path"},
		"two places":      {`"header": "X-Artifact-Digest"`, `"header": "X", "json": "x"`, "identity.digest", "exactly one of header and json"},
		"one URL for all": {`"identity": {`, `"identity": {"url": "http://lb:8080/version", `, "identity.url", "the same for each server"},
		"another holder":  {`"identity": {`, `"identity": {"url": "http://{address}:{prot}/", `, "identity.url", "placeholder that is not known"},
		"a password":      {`"identity": {`, `"identity": {"url": "http://u:p@{address}/", `, "identity.url", "user or password"},
		"no scheme":       {`"identity": {`, `"identity": {"url": "{address}/", `, "identity.url", "absolute"},
		"no program":      {`"identity"`, `"install": {"command": []}, "identity"`, "install.command", "names no program"},
		"a value":         {`"identity"`, `"install": {"command": ["x"], "environment": ["A=b"]}, "identity"`, "install.environment[0]", "without its value"},
		"a long install":  {`"identity"`, `"install": {"command": ["x"], "timeout": "1h"}, "identity"`, "install.timeout", "from 1s to 10m"},
		"a long drain":    {`"identity"`, `"drain": "2h", "identity"`, "drain", "from 0s to 1h"},
		"a relative file": {`"identity"`, `"state_file": "state", "identity"`, "state_file", "not an absolute path"},
		"a command":       {`"identity"`, `"cohort_map": "a;show info", "identity"`, "cohort_map", "not the name of a map"},
		"a map's number":  {`"identity"`, `"cohort_map": "#0", "identity"`, "cohort_map", "not the name of a map"},
		"a lone file":     {`"identity"`, `"cohort_map_file": "/etc/haproxy/cohorts.map", "identity"`, "cohort_map_file", "no cohort_map"},
		"a relative map":  {`"identity"`, `"cohort_map": "run/c.map", "cohort_map_file": "run/c.map", "identity"`, "cohort_map_file", "not an absolute path"},
		"the layout":      {`"checkout"]`, `"check out"]`, "backends[0]", "not the name of a backend"},
	} {
		t.Run(name, func(t *testing.T) {
			errs := haproxy.Validate(json.RawMessage(strings.Replace(good, tc.old, tc.with, 1)))
			if len(errs) != 1 || errs[0].Path != tc.path || !strings.Contains(errs[0].Msg, tc.says) {
				t.Errorf("got %+v, want one at %q that says %q", errs, tc.path, tc.says)
			}
		})
	}
}
