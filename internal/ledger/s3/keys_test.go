package s3_test

import (
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
)

func TestKeysReadWell(t *testing.T) {
	for name, want := range map[string]string{
		"release/checkout/eu-1": "n-release..checkout..eu-1",
		"object/hold/v1.2_a":    "n-object..hold..v1.-2__a",
		"zone":                  "n-z-one",
		"..":                    "n-.-.-",
		"日":                     "n-zE6z97zA5",
	} {
		if got := s3.EncodeName(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// Keys sort as names do, begin as they do, give the names back, and are one harmless
// part of a path.
func TestKeysKeepOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	// Neighbours of each class of characters.
	const alphabet = " !+,-./01789:;?@AYZ[\\]^_`abyz{|}~%é日🚀"
	runes := []rune(alphabet)
	name := func() string {
		var b strings.Builder
		for range 1 + random.IntN(6) {
			b.WriteRune(runes[random.IntN(len(runes))])
		}
		return b.String()
	}
	for range 20000 {
		a, b := name(), name()
		ka, kb := s3.EncodeName(a), s3.EncodeName(b)
		if strings.Compare(a, b) != strings.Compare(ka, kb) {
			t.Fatalf("%q and %q sort unlike %q and %q", a, b, ka, kb)
		}
		if got, ok := s3.DecodeName(ka); !ok || got != a {
			t.Fatalf("%q comes back as %q", a, got)
		}
		if strings.HasPrefix(a, b) != strings.HasPrefix(ka, s3.EncodePrefix(b)) {
			t.Fatalf("%q begins with %q unlike its key", a, b)
		}
		if path.Clean("/x/"+ka) != "/x/"+ka || strings.Contains(ka, "/") || strings.Trim(ka, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._!=") != "" {
			t.Fatalf("%q becomes %q", a, ka)
		}
	}
	for _, text := range []string{"", "n-", "x-a", "n-z", "n-zZZ", "n-!2", "n-a!-" + strings.Repeat("0", 64)} {
		if got, ok := s3.DecodeName(text); ok {
			t.Errorf("%q comes back as %q", text, got)
		}
	}
}

// Names that are too long for a part of a path are told apart, found by prefix, and
// sorted by themselves.
func TestLongNames(t *testing.T) {
	_, l := begin(t)
	base := strings.Repeat("é", ledger.MaxStream/2-2)
	names := []string{base + "aaa", base + "aab", base + "b"}
	for i := range names {
		name := names[len(names)-1-i]
		if len(s3.EncodeName(name)) > 255 {
			t.Errorf("%d bytes", len(s3.EncodeName(name)))
		}
		if _, err := l.Append(t.Context(), name, 0, entry(i+1)); err != nil {
			t.Fatal(err)
		}
		held := ledger.Lease{Name: name, Holder: "a", Fence: 1, TTL: 1}
		if err := l.SwapLease(t.Context(), ledger.Lease{Name: name}, held); err != nil {
			t.Fatal(err)
		}
	}
	for prefix, want := range map[string]int{base: 3, base + "aa": 2, base + "b": 1, base + "c": 0, "é": 3} {
		got, err := l.Heads(t.Context(), prefix)
		if err != nil || len(got) != want {
			t.Errorf("%d heads, want %d: %v", len(got), want, err)
		}
		for i, r := range got[:min(len(got), 2)] {
			if want > 1 && r.Stream != names[i] {
				t.Errorf("%d is %.10q", i, r.Stream)
			}
		}
	}
	if report, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{}); err != nil || report.Streams != 5 {
		t.Errorf("%+v, %v", report, err)
	}
}
