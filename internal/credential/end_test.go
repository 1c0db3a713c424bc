package credential_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
)

func webToken(claims string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"RS256"}`)) + "." + part([]byte(claims)) + ".c2lnbmF0dXJl"
}

func TestTokenEnd(t *testing.T) {
	end := time.Unix(1772442000, 0)
	for name, c := range map[string]struct {
		token string
		want  time.Time
	}{
		"a web token":          {webToken(`{"sub":"x","exp":1772442000}`), end},
		"with a line's end":    {webToken(`{"exp":1772442000}`) + "\n", end},
		"with a fraction":      {webToken(`{"exp":1772442000.75}`), end},
		"without the claim":    {webToken(`{"sub":"x"}`), time.Time{}},
		"with a claim of text": {webToken(`{"exp":"tomorrow"}`), time.Time{}},
		"after all years":      {webToken(`{"exp":1e300}`), time.Time{}},
		"before all":           {webToken(`{"exp":-5}`), time.Time{}},
		"no JSON":              {"a.!!!.c", time.Time{}},
		"another secret":       {"hunter2", time.Time{}},
		"nothing":              {"", time.Time{}},
	} {
		if got := credential.TokenEnd(c.token); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// What may be another secret at the next call has no end.
func TestTheEndOfAReference(t *testing.T) {
	token := webToken(`{"exp":1772442000}`)
	t.Setenv("DEPLOY_TOKEN", token)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, r := range map[string]*credential.Reference{
		"the credentials in the environment variable DEPLOY_TOKEN last until 2026-03-02T09:00:00Z": {Env: "DEPLOY_TOKEN"},
		"": {Env: "UNSET_TOKEN"}, " ": {File: file}, "  ": {Command: []string{"cat", file}}, "   ": nil,
	} {
		end := credential.EndOf(r)
		if got := end.String(); end.IsZero() != (len(want) < 4) || !end.IsZero() && got != want {
			t.Errorf("%v: %s, want %q", r, got, want)
		}
	}
	if !credential.EndOf("what has no credentials").IsZero() {
		t.Error("a thing without credentials has an end of them")
	}
}

func TestSooner(t *testing.T) {
	early, late := credential.End{At: time.Unix(1, 0), Whose: "a"}, credential.End{At: time.Unix(2, 0), Whose: "b"}
	for _, c := range [][3]credential.End{{early, late, early}, {late, early, early}, {{}, late, late}, {late, {}, late}, {{}, {}, {}}} {
		if got := c[0].Sooner(c[1]); got != c[2] {
			t.Errorf("%v or %v: %v", c[0], c[1], got)
		}
	}
}
