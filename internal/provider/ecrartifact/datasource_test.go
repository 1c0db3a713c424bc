package ecrartifact

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

const smallest = `"region":"eu-central-1","repository":"acme/checkout","tag":"1.0.0"`

func ask(t *testing.T, more string) question {
	t.Helper()
	var q question
	if err := json.Unmarshal([]byte("{"+smallest+more+"}"), &q); err != nil {
		t.Fatal(err)
	}
	return q
}

func TestAQuestionIsChecked(t *testing.T) {
	const key = `"public_key":"k"`
	for name, c := range map[string]struct{ more, path string }{
		"the smallest":           {``, "-"},
		"a release":              {`,"release":"checkout/production"`, "-"},
		"no release":             {`,"release":"checkout"`, "release"},
		"nobody's signature":     {`,"require_signature":true`, "require_signature"},
		"anybody's signature":    {`,"signature":{}`, "signature"},
		"a root of junk":         {`,"signature":{` + key + `,"trusted_root":"junk"}`, "signature.trusted_root"},
		"a bundle of junk":       {`,"signature":{` + key + `,"bundle":"junk"}`, "signature.bundle"},
		"a key":                  {`,"require_signature":true,"signature":{` + key + `,"trusted_root":"{}"}`, "-"},
		"a root and TUF":         {`,"signature":{` + key + `,"trusted_root":"{}","tuf":{"url":"https://tuf.acme.example","root":"{}"}}`, "signature.tuf"},
		"TUF without an address": {`,"signature":{` + key + `,"tuf":{"url":"tuf","root":"{}"}}`, "signature.tuf.url"},
		"TUF without a root":     {`,"signature":{` + key + `,"tuf":{"url":"https://tuf.acme.example","root":""}}`, "signature.tuf.root"},
	} {
		errs := ask(t, c.more).check()
		if c.path == "-" && len(errs) > 0 || c.path != "-" && (len(errs) != 1 || errs[0].Path != c.path) {
			t.Errorf("%s: %v", name, errs)
		}
	}
}

// The pin is the newest artifact of this repository, in this region and registry, that
// has the version: of a rollout that failed as well, since its tag must not come back
// with another content.
func TestThePinIsWhatTheReleaseWasGiven(t *testing.T) {
	payload := func(version, host, repository, digit string) artifact.Payload {
		return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: host + "/" + repository + "@sha256:" + strings.Repeat(digit, 64)}}
	}
	const here, elsewhere, another = "123456789012.dkr.ecr.eu-central-1.amazonaws.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "999999999999.dkr.ecr.eu-central-1.amazonaws.com"
	h := release.NewHistory(release.Key{Service: "checkout", Environment: "production"})
	h.Succeeded = []artifact.Payload{payload("1.0.0", here, "acme/checkout", "a"), payload("0.9.0", here, "acme/checkout", "e")}
	for _, p := range []artifact.Payload{payload("1.0.0", here, "acme/checkout", "b"), payload("1.0.0", here, "acme/shop", "c"), payload("1.0.0", elsewhere, "acme/checkout", "d"), payload("2.0.0", here, "acme/checkout", "f"), payload("3.0.0", another, "acme/checkout", "9")} {
		h.Rollouts = append(h.Rollouts, &release.Rollout{Spec: release.Spec{Payload: p}, State: release.RolledBack})
	}
	for name, c := range map[string]struct{ more, want string }{
		"the newest of the version":      {``, "b"},
		"what was adopted":               {`,"version":"0.9.0"`, "e"},
		"another version":                {`,"version":"2.0.0"`, "f"},
		"a version that nobody knows":    {`,"version":"4.0.0"`, ""},
		"the registry, which is named":   {`,"version":"3.0.0","registry_id":"999999999999"`, "9"},
		"another registry that is named": {`,"registry_id":"999999999999"`, ""},
	} {
		want := ""
		if c.want != "" {
			want = "sha256:" + strings.Repeat(c.want, 64)
		}
		if got := pinnedIn(h, ask(t, c.more)); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
