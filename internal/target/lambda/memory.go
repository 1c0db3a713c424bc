package lambda

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/pattern"
)

// memory is what stands in the alias's description behind the author's own text:
//
//	the author's text [sluice/1 f=42 b=6 c=7 k=0f3a9c41,77be02d1]
//
// It is written by the same UpdateAlias as the weights. Whoever overwrites it takes
// nothing from users: the weights say who gets what.
type memory struct {
	// text is the author's.
	text string
	// fence is the greatest that was seen.
	fence uint64
	// baseline and canary are versions; the baseline is told for weight 100, where the
	// alias shows the canary alone, and the canary for weight 0. old is the version
	// that a completion left behind, until Finalize.
	baseline, canary, old string
	// baselineConfig and canaryConfig are configuration digests where they differ
	// from what the version's description says; noConfig says that there is none.
	baselineConfig, canaryConfig string
	// owner marks the release whose rollout is open, empty where none is.
	owner string
	// keys are the changes carried out last, newest first, shortened.
	keys []string
}

const (
	noConfig = "-"

	// maxDescription is AWS's bound, in characters, and maxText what is left to the
	// author when all else has its greatest length.
	maxDescription = 256
	maxText        = 64
	maxKeys        = 8
)

var memoryPattern = pattern.New(`^(?s:(.*?)) ?\[sluice/1((?: [a-z]=[^\s\]]*)*)\]$`)

// recall reads a description. What it does not know it takes for the author's text.
func recall(description string) memory {
	m := memoryPattern.FindStringSubmatch(description)
	if m == nil {
		return memory{text: description}
	}
	out := memory{text: m[1]}
	for pair := range strings.FieldsSeq(m[2]) {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "f":
			out.fence, _ = strconv.ParseUint(value, 10, 64)
		case "b":
			out.baseline = value
		case "c":
			out.canary = value
		case "o":
			out.old = value
		case "x":
			out.baselineConfig = long(value)
		case "y":
			out.canaryConfig = long(value)
		case "w":
			out.owner = value
		case "k":
			out.keys = strings.Split(value, ",")
		}
	}
	return out
}

// String writes a description. Keys that find no room are forgotten, the oldest
// first; the author's text never is.
func (m memory) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "[sluice/1 f=%d", m.fence)
	for _, f := range []struct{ name, value string }{
		{"b", m.baseline}, {"c", m.canary}, {"o", m.old}, {"x", short(m.baselineConfig)}, {"y", short(m.canaryConfig)},
		{"w", m.owner},
	} {
		if f.value != "" {
			fmt.Fprintf(&b, " %s=%s", f.name, f.value)
		}
	}
	text := m.text
	if text != "" {
		text += " "
	}
	keys := m.keys[:min(len(m.keys), maxKeys)]
	for ; len(keys) > 0; keys = keys[:len(keys)-1] {
		if list := " k=" + strings.Join(keys, ","); len([]rune(text))+b.Len()+len(list)+1 <= maxDescription {
			b.WriteString(list)
			break
		}
	}
	return text + b.String() + "]"
}

// done reports whether the change of the key was carried out.
func (m memory) done(key string) bool { return slices.Contains(m.keys, hash(key)) }

// after is the memory with one change more.
func (m memory) after(key string, fence uint64) memory {
	m.fence = max(m.fence, fence)
	m.keys = append([]string{hash(key)}, m.keys...)
	return m
}

// hash shortens a key to what tells the last few apart.
func hash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:4])
}

// short and long write a digest in 43 characters instead of 71.
func short(digest string) string {
	if digest == noConfig {
		return noConfig
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(digest, "sha256:"))
	if err != nil || len(raw) != sha256.Size {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func long(text string) string {
	if text == noConfig {
		return noConfig
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != sha256.Size {
		return ""
	}
	return "sha256:" + hex.EncodeToString(raw)
}

// label is what stands in the description of a version, which never changes:
//
//	sluice/1 r=0123456789abcdef g=<configuration digest> v=1.1.0
type label struct {
	rollout, config, version string
}

var labelPattern = pattern.New(`^sluice/1 r=([0-9a-f]{16})(?: g=([\w-]{43}))? v=(.*)$`)

func readLabel(description string) label {
	m := labelPattern.FindStringSubmatch(description)
	if m == nil {
		return label{}
	}
	return label{rollout: m[1], config: long(m[2]), version: m[3]}
}

// String writes a description; a version's name that is too long is cut.
func (l label) String() string {
	out := "sluice/1 r=" + l.rollout
	if l.config != "" {
		out += " g=" + short(l.config)
	}
	text := []rune(out + " v=" + l.version)
	return string(text[:min(len(text), maxDescription)])
}

// rolloutMark shortens a rollout's name for the description of a version.
func rolloutMark(rollout string) string {
	sum := sha256.Sum256([]byte(rollout))
	return hex.EncodeToString(sum[:8])
}
