package s3

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// The folders and objects below a ledger's prefix.
const (
	aboutKey  = "ledger.json"
	probeKey  = "probe.json"
	headDir   = "heads/"
	partDir   = "parts/"
	leaseDir  = "leases/"
	nameStart = "n-"
)

// A name in a key may have this many bytes, since stores that keep objects in files
// take 255 for a part of a path. A longer one is cut, and told apart by its hash.
const (
	maxEncoded = 240
	cutEncoded = 170
	cutMark    = "!-"
)

// code is what each byte of a name becomes in a key. No code begins another, and the
// codes have the order of the bytes, so names and keys sort alike and a prefix of a
// name gives a prefix of its key. Only characters are used that every store and every
// policy takes as they are, and a slash is none of them: no name can climb out of its
// folder, and none is another one's folder. "release/checkout/eu-1" becomes
// "release..checkout..eu-1".
var code, decode = newCode()

func newCode() (codes [256]string, back map[string]byte) {
	back = map[string]byte{}
	for i := range codes {
		b := byte(i)
		var s string
		switch {
		case b < '-':
			s = fmt.Sprintf("!%02X", b)
		case b == '.':
			s = ".-"
		case b == '/':
			s = ".."
		case b >= ':' && b <= '@':
			s = fmt.Sprintf("=%02X", b)
		case b >= '[' && b <= '^':
			s = "_" + string('A'+b-'[')
		case b == '_':
			s = "__"
		case b == '`':
			s = "_a"
		case b == 'z':
			s = "z-"
		case b > 'z':
			s = fmt.Sprintf("z%02X", b)
		default:
			s = string(b)
		}
		codes[i] = s
		back[s] = b
	}
	return codes, back
}

func encodeAll(name string) string {
	var b strings.Builder
	for i := range len(name) {
		b.WriteString(code[name[i]])
	}
	return b.String()
}

// encodeName returns the part of a key that stands for a stream's or lease's name.
func encodeName(name string) string {
	text := encodeAll(name)
	if len(text) > maxEncoded {
		sum := sha256.Sum256([]byte(name))
		text = text[:cutEncoded] + cutMark + hex.EncodeToString(sum[:])
	}
	return nameStart + text
}

// encodePrefix returns how the keys of all names begin that begin with prefix. Some of
// others begin so too when it is long.
func encodePrefix(prefix string) string {
	text := encodeAll(prefix)
	return nameStart + text[:min(len(text), cutEncoded)]
}

// decodeName is the reverse of encodeName. It is false for the key of a name that was
// cut, and for what is no name's.
func decodeName(text string) (string, bool) {
	text, ok := strings.CutPrefix(text, nameStart)
	if !ok || text == "" {
		return "", false
	}
	var name []byte
	for text != "" {
		n := 1
		for ; n <= 3 && n <= len(text); n++ {
			if b, ok := decode[text[:n]]; ok {
				name = append(name, b)
				break
			}
		}
		if n > 3 || n > len(text) {
			return "", false
		}
		text = text[n:]
	}
	return string(name), true
}

func headKey(stream string) string { return headDir + encodeName(stream) }

func leaseKey(name string) string { return leaseDir + encodeName(name) }

// partKey names a part by what it holds, so that whoever writes it again writes the
// same. The numbers have twenty digits for the sake of order.
func partKey(stream string, p ref) string {
	return fmt.Sprintf("%s%d-%020d-%020d-%s", partPrefix(stream), p.Level, p.First, p.Last, p.Hash)
}

func partPrefix(stream string) string { return partDir + encodeName(stream) + "/" }
