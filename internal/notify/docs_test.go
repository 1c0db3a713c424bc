package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// page is the guide, in which the table and an example stand between marks.
var page = filepath.Join("..", "..", "templates", "guides", "notifications.md")

// rows writes a table of the guide.
func rows(title string, entries []Entry) string {
	var out strings.Builder
	fmt.Fprintf(&out, "| %s | events | |\n|---|---|---|\n", title)
	for _, e := range entries {
		types := make([]string, len(e.Types))
		for i, t := range e.Types {
			types[i] = "`" + string(t) + "`"
		}
		if e.Silent() {
			types = []string{"none"}
		}
		kind := "`" + e.Kind + "`"
		if e.Kind == anyObject {
			kind = "any other"
		}
		fmt.Fprintf(&out, "| %s | %s | %s |\n", kind, strings.Join(types, "<br>"), e.When)
	}
	return out.String()
}

// example is one event as it is sent, of a record that never changes.
func example(t *testing.T) string {
	t.Helper()
	at := time.Date(2026, 11, 30, 21, 4, 7, 123456000, time.UTC)
	opening := Opening{Number: 3, Kind: release.Forward, Baseline: &one}
	opening.Spec.Payload = two
	teller := Teller{Ledger: "0b8a7a4e-0000-4000-8000-000000000001", Opening: func(context.Context, string, int) (Opening, error) { return opening, nil }}
	events, err := teller.Tell(t.Context(), nil, ledger.Record{
		Stream: "release/checkout/production", Seq: 41, Kind: move(release.RolledBack), At: at, Actor: "ci@acme", Hash: strings.Repeat("a1", 32),
		Service: "checkout", Environment: "production",
		Body: json.RawMessage(`{"rollout":3,"from":"reverting","event":"reverted","cause":"harm","reason":"errors 41 of 203 on 1.1.0"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.MarshalIndent(events[0], "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return "```json\n" + string(raw) + "\n```\n"
}

// TestTheGuideSaysWhatIsTold holds the guide's tables and its example to the code: go
// test ./internal/notify -run TestTheGuideSaysWhatIsTold -args -update writes them.
func TestTheGuideSaysWhatIsTold(t *testing.T) {
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for mark, want := range map[string]string{
		"records": rows("record", Table()), "objects": rows("declared object", Objects()), "example": example(t),
	} {
		begin, end := "<!-- "+mark+" -->\n", "<!-- end of "+mark+" -->\n"
		from, to := strings.Index(text, begin), strings.Index(text, end)
		if from < 0 || to < from {
			t.Fatalf("the guide has no place for %s", mark)
		}
		if *update {
			text = text[:from+len(begin)] + want + text[to:]
			continue
		}
		if diff := cmp.Diff(want, text[from+len(begin):to]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", mark, diff)
		}
	}
	if *update {
		if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
