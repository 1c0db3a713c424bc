package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Kinds of the records in an object's stream.
const (
	KindObjectPut     = "object.put"
	KindObjectDeleted = "object.deleted"
)

// Object is one revision of a declared object.
type Object struct {
	// Kind and Name identify the object: "window", "black-friday". A name of an
	// internal kind may have several parts, joined by slashes.
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Revision is the number of this revision: 1, 2, ... A deletion takes a number
	// too, so revisions of a revived object go on from there.
	Revision uint64 `json:"revision"`
	// Content is the object as it was declared, in compact JSON. It is nil when
	// the object is deleted.
	Content json.RawMessage `json:"content,omitempty"`
	// UpdatedAt, Actor and Reason are of this revision. Reason may be empty.
	UpdatedAt time.Time `json:"updated_at"`
	Actor     string    `json:"actor"`
	Reason    string    `json:"reason,omitempty"`
	// Deleted is true for a tombstone.
	Deleted bool `json:"deleted,omitempty"`
}

// Put declares an object.
type Put struct {
	Kind, Name string
	// Expected is the revision that the caller saw, 0 for none: the object was
	// never there, or is deleted.
	Expected uint64
	// Content is one JSON value. Space between its tokens is not kept.
	Content json.RawMessage
	Actor   string
	At      time.Time
	// Reason says why; it may be empty.
	Reason string
	// Service and Environment are for queries; empty where they do not apply.
	Service, Environment string
}

// Delete takes an object away. The fields are those of Put.
type Delete struct {
	Kind, Name string
	// Expected is the revision that the caller saw, at least 1.
	Expected             uint64
	Actor                string
	At                   time.Time
	Reason               string
	Service, Environment string
}

// objectBody is the body of a record in an object's stream.
type objectBody struct {
	Content json.RawMessage `json:"content,omitempty"`
	Reason  string          `json:"reason,omitempty"`
}

var objectKind = regexp.MustCompile(`^[a-z0-9_-]{1,60}$`)

// PutObject writes a new revision, if the present one is p.Expected; otherwise it
// fails with *ConflictError, whose Last is the present revision. Putting what is
// there already over the revision that is there changes nothing and returns it.
// After an unknown outcome the caller repeats the very same Put.
func PutObject(ctx context.Context, l Ledger, p Put) (Object, error) {
	stream, err := ObjectStream(p.Kind, p.Name)
	if err != nil {
		return Object{}, err
	}
	content, err := compact(p.Content)
	if err != nil {
		return Object{}, fmt.Errorf("the content of %s %q is %w: it is one JSON value, for example {\"tier\":\"production\"}: %w", p.Kind, p.Name, ErrInvalid, err)
	}
	history, err := l.Read(ctx, stream, 1)
	if err != nil {
		return Object{}, err
	}
	after := p.Expected
	if len(history) > 0 {
		last, err := toObject(history[len(history)-1])
		if err != nil {
			return Object{}, err
		}
		switch {
		case !last.Deleted && last.Revision == p.Expected && bytes.Equal(last.Content, content):
			return last, nil
		case p.Expected == 0:
			// Behind the tombstone of the life before; while the object lives this is
			// a conflict, unless it is this very Put that gave it its life.
			after = lastTombstone(history)
		}
	}
	e, err := objectEntry(KindObjectPut, after, Delete{Actor: p.Actor, At: p.At, Reason: p.Reason, Service: p.Service, Environment: p.Environment}, content)
	if err != nil {
		return Object{}, err
	}
	return appendObject(ctx, l, stream, after, p.Expected, e)
}

// GetObject returns the present revision. When there is none it is ErrNotFound;
// the object returned beside it is the tombstone, if there is one, and says who
// deleted it and why.
func GetObject(ctx context.Context, l Ledger, kind, name string) (Object, error) {
	history, err := ObjectHistory(ctx, l, kind, name)
	if err != nil {
		return Object{}, err
	}
	if len(history) == 0 {
		return Object{}, fmt.Errorf("%s %q: %w", kind, name, ErrNotFound)
	}
	last := history[len(history)-1]
	if last.Deleted {
		return last, fmt.Errorf("%s %q: %w: %s deleted it at %s", kind, name, ErrNotFound, last.Actor, last.UpdatedAt.Format(time.RFC3339))
	}
	return last, nil
}

// ObjectHistory returns every revision, tombstones among them, the oldest first.
func ObjectHistory(ctx context.Context, l Ledger, kind, name string) ([]Object, error) {
	stream, err := ObjectStream(kind, name)
	if err != nil {
		return nil, err
	}
	records, err := l.Read(ctx, stream, 1)
	if err != nil {
		return nil, err
	}
	return toObjects(records, true)
}

// ListObjects returns the present revisions of the objects of one kind whose
// names begin with namePrefix, in the order of names, without deleted ones.
func ListObjects(ctx context.Context, l Ledger, kind, namePrefix string) ([]Object, error) {
	if !objectKind.MatchString(kind) {
		return nil, badObjectKind(kind)
	}
	heads, err := l.Heads(ctx, ObjectPrefix+kind+"/"+namePrefix)
	if err != nil {
		return nil, err
	}
	return toObjects(heads, false)
}

// DeleteObject writes a tombstone, if the present revision is d.Expected;
// otherwise it fails with *ConflictError. An object that is not there, or deleted
// by somebody else, is ErrNotFound. After an unknown outcome the caller repeats
// the very same Delete.
func DeleteObject(ctx context.Context, l Ledger, d Delete) error {
	stream, err := ObjectStream(d.Kind, d.Name)
	if err != nil {
		return err
	}
	e, err := objectEntry(KindObjectDeleted, d.Expected, d, nil)
	if err != nil {
		return err
	}
	last, err := GetObject(ctx, l, d.Kind, d.Name)
	if err != nil && !last.Deleted {
		return err
	}
	if last.Deleted && last.Revision != d.Expected+1 {
		return err
	}
	_, appendErr := appendObject(ctx, l, stream, d.Expected, d.Expected, e)
	if last.Deleted && conflictOf(appendErr) != nil {
		return err
	}
	return appendErr
}

// ObjectStream returns the name of the stream that holds an object's revisions.
// What it refuses wraps ErrInvalid.
func ObjectStream(kind, name string) (string, error) {
	if !objectKind.MatchString(kind) {
		return "", badObjectKind(kind)
	}
	stream := ObjectPrefix + kind + "/" + name
	if name == "" || strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/") || strings.Contains(name, "//") {
		return "", fmt.Errorf("the name %.40q of an object is %w: it, or a part of it between slashes, is empty", name, ErrInvalid)
	}
	return stream, ValidateName(stream)
}

func badObjectKind(kind string) error {
	return fmt.Errorf("the kind %.40q of an object is %w: it has 1 to 60 lower-case letters, digits, hyphens and underscores, for example \"window\"", kind, ErrInvalid)
}

func appendObject(ctx context.Context, l Ledger, stream string, after, expected uint64, e Entry) (Object, error) {
	r, err := l.Append(ctx, stream, after, e)
	if conflict := conflictOf(err); conflict != nil {
		// The caller knows the revision it expected, not what stands for "none".
		conflict.After = expected
	}
	if err != nil {
		return Object{}, err
	}
	return toObject(r)
}

// objectEntry builds the record behind revision after. Its ID is a function of
// all it says, so that the repetition of a call whose reply was lost is known as
// such, and another's write is not.
func objectEntry(kind string, after uint64, d Delete, content json.RawMessage) (Entry, error) {
	body, err := marshal(objectBody{Content: content, Reason: d.Reason})
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Kind: kind, At: d.At, Actor: d.Actor, Service: d.Service, Environment: d.Environment, Body: body}
	sum := sha256.Sum256(Encode(Seal("", 0, "", e)))
	e.ID = fmt.Sprintf("r%d-%x", after+1, sum[:8])
	return e, nil
}

func toObject(r Record) (Object, error) {
	parts := strings.SplitN(strings.TrimPrefix(r.Stream, ObjectPrefix), "/", 2)
	var body objectBody
	if err := json.Unmarshal(r.Body, &body); err != nil || len(parts) != 2 {
		return Object{}, fmt.Errorf("record %s#%d is not a declared object's: %w", r.Stream, r.Seq, err)
	}
	return Object{
		Kind: parts[0], Name: parts[1], Revision: r.Seq, Content: body.Content,
		UpdatedAt: r.At, Actor: r.Actor, Reason: body.Reason, Deleted: r.Kind == KindObjectDeleted,
	}, nil
}

func toObjects(records []Record, deleted bool) ([]Object, error) {
	var out []Object
	for _, r := range records {
		o, err := toObject(r)
		if err != nil {
			return nil, err
		}
		if deleted || !o.Deleted {
			out = append(out, o)
		}
	}
	return out, nil
}

// lastTombstone returns the number of the last deletion, 0 when there is none.
func lastTombstone(history []Record) uint64 {
	for i := len(history) - 1; i >= 0; i-- {
		if history[i].Kind == KindObjectDeleted {
			return history[i].Seq
		}
	}
	return 0
}

// compact takes the space out between tokens and leaves every other byte alone.
func compact(raw json.RawMessage) (json.RawMessage, error) {
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// marshal is json.Marshal without the escapes for HTML, which would change the
// bytes of a raw message.
func marshal(v any) (json.RawMessage, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
