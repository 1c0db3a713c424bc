package alb

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// memoryKey is the tag in which the memory stands, on both target groups.
const memoryKey = "sluice:memory"

// memory is what stands in a tag of both target groups:
//
//	sluice/1 n=7 f=42 b=73e2d6bc24d8a067 c=9f0c4e1d7b6a5823 r=0123456789abcdef
//
// The weights say who gets what. The memory only says what weights of 0 and 100 leave
// open, and which lease drove last.
type memory struct {
	// serial grows with each write, so that of two copies the newer is known.
	serial uint64
	// fence is the greatest that was seen.
	fence uint64
	// baseline, canary and old are the ends of target groups' ARNs. The canary is there
	// from when it is ready to take traffic; old is what a completion left behind.
	baseline, canary, old string
	// baselineConfig and canaryConfig are the arms' configuration digests.
	baselineConfig, canaryConfig string
	// rollout marks the rollout that is open, and owner the release whose it is.
	rollout, owner string
	// floor is what the author's lower bound of the serving arm's capacity was before
	// the rollout raised it, and of a pair of services whether scale-in was suspended
	// before, or was left so (see servicePair.floor); negative where nothing was held.
	floor int
}

const (
	maxTag = 256

	noFloor = -1
)

// ofAnother is whether another release has an open rollout on the target groups.
func (t *Target) ofAnother(m memory) bool {
	return m.rollout != "" && m.owner != "" && t.owner != "" && m.owner != t.owner
}

const (
	anothers = "another release has an open rollout on these target groups"
	notOurs  = "wait until it has ended, or give each release target groups of its own"
)

// recall reads a tag. What it does not know is no memory.
func recall(text string) memory {
	out := memory{floor: noFloor}
	rest, ok := strings.CutPrefix(text, "sluice/1 ")
	if !ok {
		return out
	}
	for pair := range strings.FieldsSeq(rest) {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "n":
			out.serial, _ = strconv.ParseUint(value, 10, 64)
		case "f":
			out.fence, _ = strconv.ParseUint(value, 10, 64)
		case "b":
			out.baseline = value
		case "c":
			out.canary = value
		case "o":
			out.old = value
		case "r":
			out.rollout = value
		case "w":
			out.owner = value
		case "x":
			out.baselineConfig = long(value)
		case "y":
			out.canaryConfig = long(value)
		case "m":
			if n, err := strconv.ParseUint(value, 10, 31); err == nil {
				out.floor = int(n)
			}
		}
	}
	return out
}

// String writes the tag: with everything at its longest it has 254 characters.
func (m memory) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "sluice/1 n=%d f=%d", m.serial, m.fence)
	floor := ""
	if m.floor >= 0 {
		floor = strconv.Itoa(m.floor)
	}
	for _, f := range []struct{ name, value string }{
		{"b", m.baseline}, {"c", m.canary}, {"o", m.old}, {"r", m.rollout}, {"w", m.owner}, {"m", floor},
		{"x", short(m.baselineConfig)}, {"y", short(m.canaryConfig)},
	} {
		if f.value != "" {
			fmt.Fprintf(&b, " %s=%s", f.name, f.value)
		}
	}
	return b.String()
}

// mark shortens a name to what tells the last few apart.
func mark(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:8])
}

// short and long write a digest in 43 characters instead of 71.
func short(digest string) string {
	raw, err := hex.DecodeString(strings.TrimPrefix(digest, "sha256:"))
	if err != nil || len(raw) != sha256.Size {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func long(text string) string {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != sha256.Size {
		return ""
	}
	return "sha256:" + hex.EncodeToString(raw)
}
