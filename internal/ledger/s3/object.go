package s3

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// stored is a record as the objects hold it. The body is a text, since JSON inside
// JSON would not keep its bytes.
type stored struct {
	ledger.Record
	Body string `json:"body"`
}

func pack(r ledger.Record) stored {
	s := stored{Record: r, Body: string(r.Body)}
	s.Record.Body = nil
	return s
}

// record gives the record with a body that is the caller's own.
func (s stored) record() ledger.Record {
	r := s.Record
	r.At = r.At.UTC()
	r.Body = json.RawMessage(s.Body)
	return r
}

// size is about what the record takes, in bytes.
func (s stored) size() int { return len(s.Body) + len(s.Stream) + len(s.ID) + 400 }

// ref tells what a part holds without a look at it.
type ref struct {
	// Level is 0 for a part with records, and one more than that of the parts that a
	// part lists.
	Level int `json:"level"`
	// First and Last are the numbers of the first and the last record below.
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	// From and Until are the earliest and the latest time of a record below, both
	// inclusive, in microseconds since 1970.
	From  int64 `json:"from"`
	Until int64 `json:"until"`
	// Kinds are those below; none means that there are too many to say.
	Kinds []string `json:"kinds,omitempty"`
	// Hash is that of the last record.
	Hash string `json:"hash"`
	// IDs holds the ids below, up to level 1.
	IDs idSet `json:"ids,omitempty"`
}

// maxKinds bounds what a ref says of kinds.
const maxKinds = 40

// part is an object that never changes: records, or refs of smaller parts.
type part struct {
	Format  int      `json:"format"`
	Ledger  string   `json:"ledger"`
	Stream  string   `json:"stream"`
	Records []stored `json:"records,omitempty"`
	Parts   []ref    `json:"parts,omitempty"`
	// IDs, at level 2, holds the ids of every record up to the last one below: so the
	// newest such part answers for all.
	IDs idSet `json:"ids,omitempty"`
}

func kindsOf(lists ...[]string) []string {
	var all []string
	for _, l := range lists {
		if l == nil {
			return nil
		}
		all = append(all, l...)
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) > maxKinds {
		return nil
	}
	return all
}

// maxObject bounds what is read of one object, unpacked: the largest part there can
// be, with room to spare.
const maxObject = 256 << 20

// seal turns an object into the bytes that are stored: JSON, packed.
func seal(v any) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	err = errors.Join(enc.Encode(v), w.Close())
	return out.Bytes(), err
}

// unseal is the reverse of seal. What is not an object of ours is refused; one of a
// newer layout is ErrNewer, whatever else is in it.
func unseal(data []byte, v any) error {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(r, maxObject))
	if err != nil {
		return err
	}
	if err := checkFormat(text); err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

func checkFormat(text []byte) error {
	var f struct {
		Format int `json:"format"`
	}
	switch err := json.Unmarshal(text, &f); {
	case err != nil:
		return err
	case f.Format > format:
		return fmt.Errorf("%w: its layout has version %d, this one knows up to %d; install that Sluice or a later one", ledger.ErrNewer, f.Format, format)
	case f.Format < 1:
		return fmt.Errorf("%w: it says no version of its layout, which is 1 to %d; restore the former version of the object", ledger.ErrForeign, format)
	}
	return nil
}

// nonce tells one write of an object from all others, so that two with the same
// content never have the same ETag.
func nonce() string { return rand.Text() }
