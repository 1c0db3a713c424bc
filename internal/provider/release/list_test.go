package release_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// standing is what the ledger says of a release that was adopted. Its target is one
// that nobody answers at: a list must not ask.
func standing(service, environment string) release.AdoptedBody {
	return release.AdoptedBody{
		Owner: release.Owner{ID: "0b8a7a4e-0000-4000-8000-000000000001", Label: "ci@acme"},
		Spec: release.Spec{
			Format: release.SpecFormat, Service: service, Environment: release.Environment{Name: environment, Tier: "production"}, Mode: release.Enforce,
			Payload:  artifact.Payload{Artifact: artifact.Artifact{Version: "1.0.0", Reference: "registry.example/" + service + "@sha256:" + strings.Repeat("1", 64)}},
			Target:   target.Config{Driver: "contract", Config: json.RawMessage(`{"url":"http://127.0.0.1:1"}`)},
			Strategy: strategy.Definition{Name: "now", AllAtOnce: &strategy.AllAtOnce{}},
			Signals:  map[string]signal.Config{"http": {Driver: "openmetrics", Config: json.RawMessage(`{"url":"http://127.0.0.1:1/metrics","preset":"lab"}`)}},
		},
	}
}

// recorded is a ledger with a release of each key, written at once, and its URL.
func recorded(t testing.TB, keys ...release.Key) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	c := &client.Client{World: acctest.World(), URL: "sqlite:" + path}
	if _, err := c.Writing(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		raw, err := json.Marshal(standing(k.Service, k.Environment))
		if err != nil {
			t.Fatal(err)
		}
		r := ledger.Seal(k.Stream(), 1, ledger.ZeroHash, ledger.Entry{
			ID: "adopted", Kind: release.KindAdopted, At: time.Unix(1, 0), Actor: "ci@acme", Service: k.Service, Environment: k.Environment, Body: raw,
		})
		prev, _ := hex.DecodeString(r.Prev)
		hash, _ := hex.DecodeString(r.Hash)
		if _, err := tx.ExecContext(context.Background(), "INSERT INTO record (stream, seq, id, kind, at, actor, service, environment, fence, prev, hash, body) VALUES (?,1,?,?,?,?,?,?,0,?,?,?)",
			r.Stream, r.ID, r.Kind, r.At.UnixMicro(), r.Actor, r.Service, r.Environment, prev, hash, string(r.Body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// appendTo adds a record to a release that was recorded.
func appendTo(t *testing.T, url string, k release.Key, after uint64, kind string, body any) {
	t.Helper()
	c := &client.Client{World: acctest.World(), URL: url}
	l, err := c.Existing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	entry := ledger.Entry{ID: fmt.Sprint(kind, after), Kind: kind, At: time.Unix(2, 0), Actor: "ci@acme", Service: k.Service, Environment: k.Environment, Body: raw}
	if _, err := l.Append(t.Context(), k.Stream(), after, entry); err != nil {
		t.Fatal(err)
	}
}

func names(found []acctest.Listed) string {
	var out []string
	for _, f := range found {
		out = append(out, fmt.Sprintf("%s/%s", f.Identity["service"], f.Identity["environment"]))
	}
	return strings.Join(out, " ")
}

func TestReleasesAreListedByWhatIsAsked(t *testing.T) {
	keys := []release.Key{
		{Service: "basket", Environment: "production"}, {Service: "checkout", Environment: "production"},
		{Service: "checkout", Environment: "staging"}, {Service: "checkout-api", Environment: "production"},
	}
	url := recorded(t, keys...)
	opening := release.OpenedBody{Number: 1, Kind: release.Forward, Spec: standing("checkout", "staging").Spec}
	appendTo(t, url, keys[2], 1, release.KindOpened, opening)
	// What nobody ever released cannot be imported, and a part is none of its own.
	appendTo(t, url, release.Key{Service: "new", Environment: "production"}, 0, release.KindOwned, release.OwnedBody{})
	appendTo(t, url, keys[1].Part("eu-1"), 0, release.KindAdopted, standing("checkout", "production"))
	p := acctest.Speak(t, acctest.World(), url)
	for _, c := range []struct {
		service, environment, status string
		limit                        int64
		want                         string
	}{
		{want: "basket/production checkout-api/production checkout/production checkout/staging"},
		{service: "checkout", want: "checkout/production checkout/staging"},
		{environment: "production", want: "basket/production checkout-api/production checkout/production"},
		{service: "checkout", environment: "staging", want: "checkout/staging"},
		{status: "open", want: "checkout/staging"},
		{status: "opened", want: "checkout/staging"},
		{status: "paused", want: ""},
		{status: "steady", limit: 2, want: "basket/production checkout-api/production"},
		{limit: 1, want: "basket/production"},
		{service: "nobody", want: ""},
	} {
		ask := acctest.Ask{Limit: c.limit, Config: map[string]tftypes.Value{}}
		for name, v := range map[string]string{"service": c.service, "environment": c.environment, "status": c.status} {
			if v != "" {
				ask.Config[name] = acctest.Text(v)
			}
		}
		if got := names(p.MustList(t, "sluice_release", ask)); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	_, err := p.List("sluice_release", acctest.Ask{Config: map[string]tftypes.Value{"status": acctest.Text("done")}})
	if err == nil || !strings.Contains(err.Error(), `Invalid status (status): "done" is not a status; it must be open, steady, mixed, opened`) {
		t.Errorf("a status that is none: %v", err)
	}
}

// TestAReleaseIsListedAsAnImportWouldReadIt holds a list to the import, and what is
// generated from it to a plan without a change.
func TestAReleaseIsListedAsAnImportWouldReadIt(t *testing.T) {
	url := recorded(t, key)
	p := acctest.Speak(t, acctest.World(), url)
	found := p.MustList(t, "sluice_release", acctest.Ask{Include: true})
	if len(found) != 1 || found[0].Display != "checkout 1.0.0 in production, steady" {
		t.Fatalf("%+v", found)
	}
	imported, identity, err := p.ImportByIdentity("sluice_release", map[string]string{"service": "checkout", "environment": "production"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(imported, found[0].Resource); diff != "" {
		t.Errorf("(-imported +listed):\n%s", diff)
	}
	if diff := cmp.Diff(identity, found[0].Identity); diff != "" {
		t.Errorf("the identity (-imported +listed):\n%s", diff)
	}
	made, err := p.GenerateResourceConfig(t.Context(), &tfprotov6.GenerateResourceConfigRequest{TypeName: "sluice_release", State: found[0].State})
	if err == nil {
		err = acctest.Errors(made.Diagnostics)
	}
	if err != nil {
		t.Fatal(err)
	}
	checked, err := p.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: "sluice_release", Config: made.Config})
	if err == nil {
		err = acctest.Errors(checked.Diagnostics)
	}
	if err != nil {
		t.Errorf("what is generated is not valid: %v", err)
	}
	if got := p.Plain(made.Config, p.Type("sluice_release")); got["service"] != "checkout" || got["target"] == nil || got["status"] != nil {
		t.Errorf("what is generated is %v", got)
	}
}

// TestOneBrokenReleaseDoesNotHideTheOthers shows its error in its place.
func TestOneBrokenReleaseDoesNotHideTheOthers(t *testing.T) {
	other := release.Key{Service: "basket", Environment: "production"}
	url := recorded(t, key, other)
	appendTo(t, url, other, 1, release.KindOwned, release.OwnedBody{})
	db, err := sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// Only who reads the whole stream sees it.
	if _, err := db.ExecContext(t.Context(), `UPDATE record SET actor = 'you' WHERE stream = 'release/basket/production' AND seq = 1`); err != nil {
		t.Fatal(err)
	}
	found, err := acctest.Speak(t, acctest.World(), url).List("sluice_release", acctest.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 || found[0].Err == nil || found[1].Err != nil || names(found[1:]) != "checkout/production" {
		t.Fatalf("%+v", found)
	}
	if text := found[0].Err.Error(); !strings.Contains(text, "Unable to list release basket/production") || !strings.Contains(text, "release/basket/production#1") {
		t.Errorf("it says %s", text)
	}
}

// TestTenThousandReleasesAreListedOneAtATime holds memory and time of a long list.
func TestTenThousandReleasesAreListedOneAtATime(t *testing.T) {
	keys := make([]release.Key, 10_000)
	for i := range keys {
		keys[i] = release.Key{Service: fmt.Sprintf("service-%04d", i), Environment: "production"}
	}
	p := acctest.Speak(t, acctest.World(), recorded(t, keys...))
	began, before := time.Now(), heap()
	if found := p.MustList(t, "sluice_release", acctest.Ask{Limit: 100, Include: true}); len(found) != 100 {
		t.Errorf("%d are listed, want the 100 that were asked for", len(found))
	}
	some := time.Since(began)
	began = time.Now()
	if found := p.MustList(t, "sluice_release", acctest.Ask{}); len(found) != len(keys) {
		t.Errorf("%d are listed, want %d", len(found), len(keys))
	}
	all, grown := time.Since(began), heap()-before
	t.Logf("100 with their resources in %s, 10,000 by name in %s, %.1f MB kept", some, all, float64(grown)/1e6)
	if all > 30*time.Second {
		t.Errorf("10,000 took %s", all)
	}
	if grown > 64e6 {
		t.Errorf("%.1f MB are kept", float64(grown)/1e6)
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
