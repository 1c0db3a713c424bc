package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/grant"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// handed writes down credentials that were handed out.
func (w *world) handed() {
	w.t.Helper()
	l := w.open()
	for i, scope := range []grant.Scope{grant.ReadAndRevert, grant.Full} {
		body := grant.OpenedBody{Number: 3, Scope: scope, Reason: "every gate passes", Driver: "lambda", Role: "arn:aws:iam::123456789012:role/releases", Session: "sluice",
			AccessKeyID: "ASIA" + string(rune('A'+i)), Expiration: w.clock.Now().Add(time.Duration(i) * time.Minute), Policy: json.RawMessage(`{}`)}
		raw, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		e := ledger.Entry{ID: body.AccessKeyID, Kind: grant.KindOpened, At: w.clock.Now(), Actor: "ci@acme", Service: key.Service, Environment: key.Environment, Body: raw}
		if _, err := l.Append(w.t.Context(), grant.Stream(key), uint64(i), e); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestCredentialsThatWereHandedOut(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	if r := w.expect(Done, "credentials"); r.out != "No credentials.\n" {
		t.Error(r.out)
	}
	w.handed()
	lines := strings.Split(w.expect(Done, "credentials").out, "\n")
	if len(lines) < 3 {
		t.Fatal(lines)
	}
	contains(t, strings.Join(lines, "\n"), "checkout/production", "read and revert", "full", "ci@acme", "role/releases", "ASIAA", "ASIAB")
	var list []grant.Handed
	if err := json.Unmarshal([]byte(w.expect(Done, "credentials", "checkout/production", "--valid", "--json").out), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].AccessKeyID != "ASIAB" || list[0].By != "ci@acme" || list[0].Release != "checkout/production" {
		t.Errorf("%+v", list)
	}
	if r := w.expect(Done, "credentials", "cart/production"); r.out != "No credentials.\n" {
		t.Error(r.out)
	}
	contains(t, w.expect(BadUsage, "credentials", "cart").errors, "does not name a release")
}
