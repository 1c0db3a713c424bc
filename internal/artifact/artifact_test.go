package artifact

import (
	"regexp"
	"strings"
	"testing"
)

// digits is a digest without its prefix.
const digits = "9f2c4d7b1a60f3c58e2d9b04a7c61e8f35d0b9a2c4e6f8017293a4b5c6d7e8f9"

// written is what a reference must look like, said as a pattern.
var written = regexp.MustCompile(`^[^\s@]*@(sha256:[0-9a-f]{64})$`)

func TestTheDigestIsWhatThePatternFinds(t *testing.T) {
	for _, reference := range []string{
		"", "@", "checkout", "checkout:1.0.0", "sha256:" + digits,
		"@sha256:" + digits,
		"registry.example/checkout@sha256:" + digits,
		"registry.example:5000/a/b:1.0@sha256:" + digits,
		"two@registry.example/checkout@sha256:" + digits,
		"a space/checkout@sha256:" + digits, "a\ttab@sha256:" + digits, "a\nline@sha256:" + digits, "a\fpage@sha256:" + digits, "a\rreturn@sha256:" + digits,
		"checkout@sha256:" + digits + "\n", "checkout@sha256:" + digits + "0", "checkout@sha256:" + digits[1:],
		"checkout@sha256:" + strings.ToUpper(digits), "checkout@sha512:" + digits, "checkout@" + digits,
		"checkout@sha256:" + digits[:31] + "g" + digits[32:], "checkout@sha256:" + digits[:63] + "é",
	} {
		want := ""
		if m := written.FindStringSubmatch(reference); m != nil {
			want = m[1]
		}
		if got := (Artifact{Reference: reference}).Digest(); got != want {
			t.Errorf("%q: digest %q, want %q", reference, got, want)
		}
	}
}

func TestAPayloadIsTheSameByItsDigests(t *testing.T) {
	one := Payload{Artifact: Artifact{Version: "1.0.0", Reference: "a/checkout@sha256:" + digits}}
	elsewhere := Payload{Artifact: Artifact{Version: "one", Reference: "b/checkout@sha256:" + digits}}
	if !one.Same(elsewhere) {
		t.Error("the same digest under another name is another payload")
	}
	configured := one
	configured.ConfigurationDigest = "sha256:" + digits
	if one.Same(configured) || !configured.Same(configured) {
		t.Error("the configuration's digest is not part of what a payload is")
	}
	if nothing := (Payload{}); nothing.Same(nothing) {
		t.Error("a payload without a digest is the same as another")
	}
}

// TestAHandleMeansOnePayloadAlone: it goes into commands that are pasted.
func TestAHandleMeansOnePayloadAlone(t *testing.T) {
	one := Payload{Artifact: Artifact{Version: "1.0.0", Reference: "a/checkout@sha256:" + digits}}
	rebuilt := Payload{Artifact: Artifact{Version: "1.0.0", Reference: "a/checkout@sha256:b" + digits[1:]}}
	nameless := Payload{Artifact: Artifact{Reference: "a/checkout@sha256:c" + digits[1:]}}
	configured := Payload{Artifact: one.Artifact, ConfigurationDigest: "sha256:" + digits}
	for name, c := range map[string]struct {
		p     Payload
		among []Payload
		want  string
	}{
		"alone":                 {one, []Payload{one}, "1.0.0"},
		"without a version":     {nameless, []Payload{one, nameless}, "c" + digits[1:12]},
		"a version of two":      {one, []Payload{one, rebuilt}, digits[:12]},
		"a digest of two":       {configured, []Payload{one, configured}, configured.Key()},
		"nobody knows":          {one, nil, digits[:12]},
		"nobody knows, of many": {configured, nil, configured.Key()},
	} {
		if got := c.p.Handle(c.among); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		for _, other := range c.among {
			if !other.Same(c.p) && other.Answers(c.want) {
				t.Errorf("%s: %+v answers to %q, too", name, other, c.want)
			}
		}
		if !c.p.Answers(c.want) {
			t.Errorf("%s: it does not answer to %q", name, c.want)
		}
	}
}
