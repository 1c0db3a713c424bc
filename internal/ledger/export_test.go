package ledger_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

// recipe checks an export as ADR 0020 tells a stranger to, with nothing of this
// package: any change here is one that breaks somebody's script.
func recipe(export string) (records int, err error) {
	last := map[string][2]string{}
	for line := range strings.Lines(export) {
		var r struct {
			Stream, ID, Kind, At, Actor, Service, Environment, Prev, Hash string
			Seq, Fence                                                    uint64
			BodyText                                                      string `json:"body_text"`
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			return records, err
		}
		body := r.BodyText
		if body == "" {
			body = line[strings.Index(line, `"body":`)+7 : strings.LastIndex(line, `,"prev":"`)]
		}
		second, micro, _ := strings.Cut(strings.TrimSuffix(r.At, "Z"), ".")
		at := second + "." + micro + strings.Repeat("0", 6-len(micro)) + "Z"
		sum := sha256.New()
		for _, f := range []string{
			"sluice-record/v1", r.Stream, fmt.Sprint(r.Seq), r.ID, r.Kind, at, r.Actor, r.Service, r.Environment, fmt.Sprint(r.Fence), body, r.Prev,
		} {
			sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(f))))
			sum.Write([]byte(f))
		}
		before, known := last[r.Stream]
		if !known {
			before = [2]string{"0", strings.Repeat("0", 64)}
		}
		if hex.EncodeToString(sum.Sum(nil)) != r.Hash || before != [2]string{fmt.Sprint(r.Seq - 1), r.Prev} {
			return records, fmt.Errorf("record %s#%d is not what was written", r.Stream, r.Seq)
		}
		last[r.Stream] = [2]string{fmt.Sprint(r.Seq), r.Hash}
		records++
	}
	return records, nil
}

func TestAnExportCanBeCheckedWithoutSluice(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	fill(t, l, "a", 0, 3)
	for i, body := range []string{
		`{"compact":true,"n":1e400,"html":"<&>","sep":"` + "\u2028" + `"}`, " {\n \"spaced\": 1.0 }", `{"traps":"\"body\":,\"prev\":\"x"}`, `{"body":{"prev":"y"}}`,
	} {
		e := ledger.Entry{
			ID: fmt.Sprintf("odd-%d", i), Kind: "test.done", At: epoch.Add(1000), Actor: `"body": ,"prev":" <ü>` + "\u2029",
			Service: "checkout", Environment: "production", Body: []byte(body),
		}
		if _, err := l.Append(t.Context(), "release/ü <b>", uint64(i), e); err != nil {
			t.Fatal(err)
		}
	}
	checkpoint(t, l)
	var export bytes.Buffer
	if err := ledger.Export(t.Context(), l, &export); err != nil {
		t.Fatal(err)
	}
	if n, err := recipe(export.String()); err != nil || n != 9 {
		t.Errorf("%d records: %v", n, err)
	}
	for what, changed := range map[string]string{
		"a changed number": strings.Replace(export.String(), `"n":1}`, `"n":7}`, 1),
		"a changed space":  strings.Replace(export.String(), `\"spaced\": 1.0`, `\"spaced\":  1.0`, 1),
		"a missing line":   strings.Replace(export.String(), strings.SplitAfter(export.String(), "\n")[1], "", 1),
	} {
		if _, err := recipe(changed); err == nil || changed == export.String() {
			t.Errorf("%s does not show", what)
		}
	}
}

func TestExportStopsAtABrokenChain(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	fill(t, l, "a", 0, 3)
	l.Tamper("a", 2, func(r *ledger.Record) { r.Actor = "you" })
	var corrupt *ledger.CorruptError
	if err := ledger.Export(t.Context(), l, &bytes.Buffer{}); !errors.As(err, &corrupt) || corrupt.Seq != 2 {
		t.Errorf("got %v", err)
	}
}
