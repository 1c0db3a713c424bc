// Package jsonvalue reads a JSON document and compares what stands at a path in
// it with a text that an author wrote. Drift checks and HTTP checks share it, so
// that "100" means the same in both.
package jsonvalue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Path is what a dotted path looks like: names joined by dots, of which a number
// selects from a list, "servers.0.port".
var Path = regexp.MustCompile(`^[^.]+(\.[^.]+)*$`)

// ErrTrailing means that more follows behind the JSON value.
var ErrTrailing = errors.New("more follows behind the JSON value")

// Decode reads exactly one JSON value, with numbers as they are written.
func Decode(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, ErrTrailing
	}
	return tree, nil
}

// Find walks a dotted path down a decoded value. It is false where nothing stands
// there.
func Find(tree any, path string) (any, bool) {
	for name := range strings.SplitSeq(path, ".") {
		switch t := tree.(type) {
		case map[string]any:
			v, ok := t[name]
			if !ok {
				return nil, false
			}
			tree = v
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(t) || strconv.Itoa(i) != name {
				return nil, false
			}
			tree = t[i]
		default:
			return nil, false
		}
	}
	return tree, true
}

// Text is the one text of a decoded value: a string's own, and else its JSON with
// the members in their order.
func Text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Equal says whether a decoded value is what an author wrote: the text "100" is
// met by the number and by the string. Numbers are compared as numbers, and
// objects and lists as JSON that says the same.
func Equal(v any, want string) bool {
	got := Text(v)
	if got == want {
		return true
	}
	switch v.(type) {
	case json.Number:
		return sameNumber(got, want)
	case map[string]any, []any:
		tree, err := Decode([]byte(want))
		return err == nil && Text(tree) == got
	}
	return false
}

// maxNumber bounds the digits of a number that are looked at, so that nobody makes
// us raise ten to the billionth power. Longer ones are compared as text.
const maxNumber = 64

// sameNumber compares exactly, without going through a float64, which holds two
// great integers for one.
func sameNumber(a, b string) bool {
	if len(a) > maxNumber || len(b) > maxNumber {
		return false
	}
	x, _, errX := big.ParseFloat(a, 10, 512, big.ToNearestEven)
	y, _, errY := big.ParseFloat(b, 10, 512, big.ToNearestEven)
	return errX == nil && errY == nil && x.Cmp(y) == 0
}

// clipAt is how many characters of a value a person is shown.
const clipAt = 120

// Clip cuts a text down to what a report or a message shows of a value.
func Clip(text string) string {
	if utf8.RuneCountInString(text) <= clipAt {
		return text
	}
	return string([]rune(text)[:clipAt]) + "..."
}
