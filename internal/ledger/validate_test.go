package ledger_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*ledger.Entry)
		says   string // Empty for what is allowed.
	}{
		{"an ordinary one", func(*ledger.Entry) {}, ""},
		{"no id", func(e *ledger.Entry) { e.ID = "" }, "rollout-3-opened"},
		{"a long id", func(e *ledger.Entry) { e.ID = strings.Repeat("x", ledger.MaxID+1) }, "1 to 200"},
		{"the longest id", func(e *ledger.Entry) { e.ID = strings.Repeat("x", ledger.MaxID) }, ""},
		{"an id with space", func(e *ledger.Entry) { e.ID = "a b" }, "printable ASCII"},
		{"an id that is not ASCII", func(e *ledger.Entry) { e.ID = "ä" }, "printable ASCII"},
		{"no kind", func(e *ledger.Entry) { e.Kind = "" }, "rollout.opened"},
		{"a kind in capitals", func(e *ledger.Entry) { e.Kind = "Rollout" }, "lower-case"},
		{"a kind that ends in a dot", func(e *ledger.Entry) { e.Kind = "rollout." }, "joined by dots"},
		{"a kind with an underscore", func(e *ledger.Entry) { e.Kind = "rollback_failed.2" }, ""},
		{"no time", func(e *ledger.Entry) { e.At = time.Time{} }, "unset"},
		{"a time after the year 9999", func(e *ledger.Entry) { e.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "1 to 9999"},
		{"no actor", func(e *ledger.Entry) { e.Actor = "" }, "somebody does everything"},
		{"an actor with a line break", func(e *ledger.Entry) { e.Actor = "a\nb" }, "U+000A"},
		{"a service that is not UTF-8", func(e *ledger.Entry) { e.Service = "\xff" }, "UTF-8"},
		{"a long environment", func(e *ledger.Entry) { e.Environment = strings.Repeat("x", 601) }, "may have 600"},
		{"a fence without a lease", func(e *ledger.Entry) { e.Fence = 1 }, "both, or neither"},
		{"a lease without a fence", func(e *ledger.Entry) { e.Lease = "l" }, "both, or neither"},
		{"a lease with its fence", func(e *ledger.Entry) { e.Lease, e.Fence = "l", 1 }, ""},
		{"no body", func(e *ledger.Entry) { e.Body = nil }, "one JSON object"},
		{"a list", func(e *ledger.Entry) { e.Body = []byte(`[]`) }, "one JSON object"},
		{"two objects", func(e *ledger.Entry) { e.Body = []byte(`{}{}`) }, "one JSON object"},
		{"half an object", func(e *ledger.Entry) { e.Body = []byte(`{"a":`) }, "one JSON object"},
		{"a body that is not UTF-8", func(e *ledger.Entry) { e.Body = []byte("{\"a\":\"\xff\"}") }, "UTF-8"},
		{"a body with space around", func(e *ledger.Entry) { e.Body = []byte(" \n{}\t") }, ""},
		{"a large body", func(e *ledger.Entry) { e.Body = []byte(`{"a":"` + strings.Repeat("x", ledger.MaxBody) + `"}`) }, "at most 4194304"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := ledger.Entry{ID: "a", Kind: "rollout.opened", At: time.Unix(1, 0), Actor: "me", Body: []byte(`{}`)}
			c.change(&e)
			check(t, e.Validate(), c.says)
		})
	}
}

func TestValidateName(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"release/checkout/production":           "",
		strings.Repeat("x", ledger.MaxStream):   "",
		strings.Repeat("x", ledger.MaxStream+1): "may have 1200",
		"":                                      "has a name",
		"a\x7fb":                                "U+007F",
		"\xc3":                                  "UTF-8",
	} {
		check(t, ledger.ValidateName(name), says)
	}
}

func TestValidateSwap(t *testing.T) {
	t.Parallel()
	now := ledger.Lease{Name: "l", Holder: "a", Fence: 3, Beat: 5, TTL: time.Second}
	for _, c := range []struct {
		next ledger.Lease
		says string
	}{
		{ledger.Lease{Name: "l", Fence: 3}, ""},
		{ledger.Lease{Name: "l", Holder: "b", Fence: 4, TTL: time.Second}, ""},
		{ledger.Lease{Name: "m", Fence: 3}, "names differ"},
		{ledger.Lease{Name: "l", Fence: 2}, "never shrinks"},
		{ledger.Lease{Name: "l", Fence: 3, TTL: -1}, "negative"},
		{ledger.Lease{Name: "l", Holder: "\x00", Fence: 3}, "U+0000"},
		{ledger.Lease{}, "has a name"},
	} {
		check(t, ledger.ValidateSwap(now, c.next), c.says)
	}
}

// check fails unless err says so, or is nil when nothing is to be said.
func check(t *testing.T, err error, says string) {
	t.Helper()
	switch {
	case says == "" && err != nil:
		t.Errorf("got %v", err)
	case says != "" && (!errors.Is(err, ledger.ErrInvalid) || !strings.Contains(err.Error(), says)):
		t.Errorf("got %v, want ErrInvalid that says %q", err, says)
	}
}
