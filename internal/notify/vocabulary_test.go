package notify

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// recordKinds finds the kinds of records that are written anywhere: constants named
// Kind… whose value looks like one, and the states that a rollout moves to.
func recordKinds(t *testing.T) map[string]string {
	t.Helper()
	kinds := map[string]string{}
	looks := regexp.MustCompile(`^[a-z_]+\.[a-z_]+$`)
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			for i, name := range spec.Names {
				if !strings.HasPrefix(name.Name, "Kind") || i >= len(spec.Values) {
					continue
				}
				lit, ok := spec.Values[i].(*ast.BasicLit)
				if !ok {
					continue
				}
				if value, err := strconv.Unquote(lit.Value); err == nil && looks.MatchString(value) {
					kinds[value] = path + ": " + name.Name
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range release.States() {
		kinds[move(s)] = "the state " + string(s)
	}
	return kinds
}

// TestEachKindOfRecordIsToldOrSilentForAReason fails for a new kind of record that
// nobody has thought of here.
func TestEachKindOfRecordIsToldOrSilentForAReason(t *testing.T) {
	kinds := recordKinds(t)
	if len(kinds) < 40 {
		t.Fatalf("only %d kinds were found: %v", len(kinds), kinds)
	}
	seen := map[string]bool{}
	for _, e := range Table() {
		if seen[e.Kind] {
			t.Errorf("%s is in the table twice", e.Kind)
		}
		seen[e.Kind] = true
		if kinds[e.Kind] == "" {
			t.Errorf("%s is in the table and nobody writes it", e.Kind)
		}
		if e.Silent() && e.When == "" {
			t.Errorf("%s is silent for no reason", e.Kind)
		}
	}
	for kind, where := range kinds {
		if strings.HasPrefix(kind, "object.") {
			continue // By the object's own kind, in Objects.
		}
		if !seen[kind] {
			t.Errorf("%s (%s) makes no event, and no reason is given; add it to Table", kind, where)
		}
	}
}

func TestOurTypesKeepTheRuleOfCDEvents(t *testing.T) {
	ours := regexp.MustCompile(`^dev\.cdeventsx\.[a-zA-Z0-9]+-[a-zA-Z]+\.[a-zA-Z]+\.[0-9]\.[0-9]\.[0-9]$`)
	types := append(Types(), Own("change_window", "declared"))
	for _, typ := range types {
		own := strings.HasPrefix(string(typ), "dev.cdeventsx.")
		if own != ours.MatchString(typ.Versioned()) {
			t.Errorf("%s is not by the rule", typ.Versioned())
		}
		if unversioned(typ.Versioned()) != typ {
			t.Errorf("%s without its version is %s", typ.Versioned(), unversioned(typ.Versioned()))
		}
	}
	if !slices.Contains(types, ServiceUpgraded) || len(types) < 40 {
		t.Errorf("%v", types)
	}
}

func TestAPatternMatchesWhatItSays(t *testing.T) {
	for _, tc := range []struct {
		pattern, text string
		want          bool
	}{
		{"a.b", "a.b", true}, {"a.b", "a.bc", false}, {"a.*", "a.b.c", true}, {"*", "", true}, {"*.c", "a.b.c", true},
		{"a*c", "ac", true}, {"a*c", "a", false}, {"a*b*c", "axxbyyc", true}, {"a*b*c", "axxc", false}, {"ab*b", "ab", false},
	} {
		if got := matches(tc.pattern, tc.text); got != tc.want {
			t.Errorf("matches(%q, %q) = %t", tc.pattern, tc.text, got)
		}
	}
}
