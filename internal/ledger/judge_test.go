package ledger_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

func TestJudge(t *testing.T) {
	entry := func(id, body string) ledger.Entry {
		return ledger.Entry{ID: id, Kind: "x", At: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Actor: "a", Body: []byte(body)}
	}
	first := ledger.Seal("s", 1, ledger.ZeroHash, entry("one", `{}`))
	second := ledger.Seal("s", 2, first.Hash, entry("two", `{}`))
	spoilt := second
	spoilt.Actor = "b"
	broken := errors.New("cut off")
	var corrupt *ledger.CorruptError
	var conflict *ledger.ConflictError
	for name, c := range map[string]struct {
		after    uint64
		entry    ledger.Entry
		s        ledger.Standing
		repeated bool
		want     any
	}{
		"the first":                    {0, entry("one", `{}`), ledger.Standing{}, false, nil},
		"the next":                     {2, entry("three", `{}`), ledger.Standing{Last: &second, Seq: 2}, false, nil},
		"behind what is not the last":  {1, entry("three", `{}`), ledger.Standing{Last: &second, Seq: 2}, false, &conflict},
		"repeated":                     {0, entry("one", `{}`), ledger.Standing{Last: &second, Seq: 2, There: &first}, true, nil},
		"repeated upon what is broken": {0, entry("one", `{}`), ledger.Standing{Last: &spoilt, Seq: 2, There: &first}, true, nil},
		"with other content":           {2, entry("one", `{"a":1}`), ledger.Standing{Last: &second, Seq: 2, There: &first}, false, &conflict},
		"what is there is broken":      {1, entry("two", `{}`), ledger.Standing{Last: &spoilt, Seq: 2, There: &spoilt}, false, &corrupt},
		"upon what is broken":          {2, entry("three", `{}`), ledger.Standing{Last: &spoilt, Seq: 2}, false, &corrupt},
		"by the driver's own look":     {2, entry("three", `{}`), ledger.Standing{Seq: 2, Whole: func() error { return broken }}, false, broken},
	} {
		repeated, err := ledger.Judge("s", c.after, c.entry, c.s)
		ok := c.want == nil && err == nil
		switch want := c.want.(type) {
		case **ledger.ConflictError:
			ok = errors.As(err, want) && (*want).Last == 2 && (*want).Reused == (c.s.There != nil)
		case **ledger.CorruptError:
			ok = errors.As(err, want) && (*want).Seq == 2
		case error:
			ok = errors.Is(err, want)
		}
		if !ok || repeated != c.repeated {
			t.Errorf("%s: %t, %v", name, repeated, err)
		}
	}
	if got := ledger.HashBytes(first.Hash); len(got) != 32 || !bytes.Equal([]byte(hex.EncodeToString(got)), []byte(first.Hash)) {
		t.Errorf("%x", got)
	}
}
