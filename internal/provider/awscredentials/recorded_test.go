package awscredentials_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/ststest"
	"github.com/sluice/terraform-provider-sluice/internal/grant"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// recorded wants each session with all rights in the ledger.
func recorded(t *testing.T, path string, sts *ststest.Server) {
	t.Helper()
	l, err := ledgers.Open(t.Context(), "sqlite:"+path, ledgers.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // It was only read.
	known := map[string]bool{}
	for _, service := range []string{"checkout", "shop", "billing"} {
		records, err := l.Read(t.Context(), grant.Stream(release.Key{Service: service, Environment: "production"}), 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			var body grant.OpenedBody
			if err := json.Unmarshal(r.Body, &body); err != nil {
				t.Fatal(err)
			}
			known[body.AccessKeyID] = true
		}
	}
	full := 0
	for _, s := range sts.Sessions() {
		if s.Tags["sluice:scope"] != string(grant.Full) {
			continue
		}
		if full++; !known[s.ID] {
			t.Errorf("the session %s has all rights and no record", s.ID)
		}
	}
	if full == 0 {
		t.Error("no session had all rights")
	}
}
