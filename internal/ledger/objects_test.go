package ledger_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func put(expected uint64, content string) ledger.Put {
	return ledger.Put{Kind: "window", Name: "peak", Expected: expected, Content: []byte(content), Actor: "ops@acme", At: epoch, Reason: "peak trade"}
}

func del(expected uint64) ledger.Delete {
	return ledger.Delete{Kind: "window", Name: "peak", Expected: expected, Actor: "ops@acme", At: epoch, Reason: "over"}
}

func mustPut(t *testing.T, l ledger.Ledger, p ledger.Put) ledger.Object {
	t.Helper()
	o, err := ledger.PutObject(t.Context(), l, p)
	if err != nil {
		t.Fatalf("PutObject(%d, %s): %v", p.Expected, p.Content, err)
	}
	return o
}

func conflicts(t *testing.T, err error, last uint64) {
	t.Helper()
	var c *ledger.ConflictError
	if !errors.As(err, &c) || c.Last != last {
		t.Errorf("got %v, want a conflict with revision %d", err, last)
	}
}

func TestObjectsLife(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	want := ledger.Object{Kind: "window", Name: "peak", Revision: 1, Content: []byte(`{"a":"<1>"}`), UpdatedAt: epoch, Actor: "ops@acme", Reason: "peak trade"}
	if diff := cmp.Diff(want, mustPut(t, l, put(0, `{ "a": "<1>" }`))); diff != "" {
		t.Errorf("created: %s", diff)
	}
	if again := mustPut(t, l, put(1, `{"a":   "<1>"}`)); again.Revision != 1 {
		t.Errorf("the same content made revision %d", again.Revision)
	}
	_, err := ledger.PutObject(t.Context(), l, put(0, `{"a":2}`))
	conflicts(t, err, 1)
	_, err = ledger.PutObject(t.Context(), l, put(2, `{"a":2}`))
	conflicts(t, err, 1)
	mustPut(t, l, put(1, `{"a":2}`))
	conflicts(t, ledger.DeleteObject(t.Context(), l, del(1)), 2)
	if err := ledger.DeleteObject(t.Context(), l, del(2)); err != nil {
		t.Fatal(err)
	}
	gone, err := ledger.GetObject(t.Context(), l, "window", "peak")
	if !errors.Is(err, ledger.ErrNotFound) || !gone.Deleted || gone.Reason != "over" || !strings.Contains(err.Error(), "ops@acme deleted it") {
		t.Errorf("deleted: %+v, %v", gone, err)
	}
	_, err = ledger.PutObject(t.Context(), l, put(2, `{"a":2}`))
	conflicts(t, err, 3)
	if back := mustPut(t, l, put(0, `{"a":2}`)); back.Revision != 4 {
		t.Errorf("revived as revision %d", back.Revision)
	}
	history, err := ledger.ObjectHistory(t.Context(), l, "window", "peak")
	if err != nil || len(history) != 4 || !history[2].Deleted || history[3].Deleted {
		t.Errorf("history %+v, %v", history, err)
	}
}

func TestObjectsAfterALostReply(t *testing.T) {
	t.Parallel()
	lost := errors.New("connection reset")
	for _, c := range []struct {
		name    string
		history []func(*testing.T, ledger.Ledger)
		call    func(*testing.T, ledger.Ledger) error
		want    uint64
	}{
		{"a first put", nil, func(t *testing.T, l ledger.Ledger) error {
			_, err := ledger.PutObject(t.Context(), l, put(0, `{}`))
			return err
		}, 1},
		{"a second put", []func(*testing.T, ledger.Ledger){func(t *testing.T, l ledger.Ledger) { mustPut(t, l, put(0, `{"old":1}`)) }},
			func(t *testing.T, l ledger.Ledger) error {
				_, err := ledger.PutObject(t.Context(), l, put(1, `{}`))
				return err
			}, 2},
		{"a deletion", []func(*testing.T, ledger.Ledger){func(t *testing.T, l ledger.Ledger) { mustPut(t, l, put(0, `{}`)) }},
			func(t *testing.T, l ledger.Ledger) error { return ledger.DeleteObject(t.Context(), l, del(1)) }, 2},
		{"a revival", []func(*testing.T, ledger.Ledger){func(t *testing.T, l ledger.Ledger) {
			mustPut(t, l, put(0, `{}`))
			if err := ledger.DeleteObject(t.Context(), l, del(1)); err != nil {
				t.Fatal(err)
			}
		}}, func(t *testing.T, l ledger.Ledger) error {
			_, err := ledger.PutObject(t.Context(), l, put(0, `{}`))
			return err
		}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := mem.New(epoch)
			for _, do := range c.history {
				do(t, l)
			}
			faulty := l.Handle()
			faulty.Fault = func(op string, phase mem.Phase) error {
				if op == "append" && phase == mem.After {
					return lost
				}
				return nil
			}
			if err := c.call(t, faulty); !errors.Is(err, lost) {
				t.Fatalf("got %v", err)
			}
			if err := c.call(t, l); err != nil {
				t.Errorf("repeated: %v", err)
			}
			history, err := ledger.ObjectHistory(t.Context(), l, "window", "peak")
			if err != nil || uint64(len(history)) != c.want {
				t.Errorf("%d revisions, want %d (%v)", len(history), c.want, err)
			}
		})
	}
}

func TestAnotherWithTheSameContentIsAConflict(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	mustPut(t, l, put(0, `{}`))
	other := put(0, `{}`)
	other.Actor = "somebody else"
	_, err := ledger.PutObject(t.Context(), l, other)
	conflicts(t, err, 1)
}

func TestListObjects(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	for _, name := range []string{"b/2", "a", "b/1", "c"} {
		p := put(0, `{}`)
		p.Name = name
		mustPut(t, l, p)
	}
	other := put(0, `{}`)
	other.Kind = "windows"
	mustPut(t, l, other)
	d := del(1)
	d.Name = "c"
	if err := ledger.DeleteObject(t.Context(), l, d); err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string][]string{"": {"a", "b/1", "b/2"}, "b/": {"b/1", "b/2"}, "x": nil} {
		found, err := ledger.ListObjects(t.Context(), l, "window", prefix)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, o := range found {
			names = append(names, o.Name)
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("prefix %q: %s", prefix, diff)
		}
	}
}

func TestObjectsRefuse(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	for _, c := range []struct{ kind, name, content, says string }{
		{"Window", "a", `{}`, "lower-case letters"},
		{"a/b", "a", `{}`, "lower-case letters"},
		{"window", "", `{}`, "is empty"},
		{"window", "/a", `{}`, "is empty"},
		{"window", "a//b", `{}`, "is empty"},
		{"window", "a\n", `{}`, "U+000A"},
		{"window", "a", `{`, "one JSON value"},
		{"window", "a", ``, "one JSON value"},
	} {
		p := put(0, c.content)
		p.Kind, p.Name = c.kind, c.name
		_, err := ledger.PutObject(t.Context(), l, p)
		check(t, err, c.says)
	}
	_, err := ledger.ListObjects(t.Context(), l, "", "")
	check(t, err, "for example \"window\"")
	if err := ledger.DeleteObject(t.Context(), l, del(1)); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("deleting nothing: %v", err)
	}
}
