package jsonvalue_test

import (
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/jsonvalue"
)

func TestFindAndEqual(t *testing.T) {
	tree, err := jsonvalue.Decode([]byte(`{"a":{"b":[1,{"c":"x"}]},"n":100,"big":12345678901234567891,"on":true,"none":null,"o":{"x":1,"y":[2]}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, want string
		found, ok  bool
	}{
		{"n", "100", true, true}, {"n", "1e2", true, true}, {"n", "100.0", true, true}, {"n", "101", true, false},
		{"big", "12345678901234567891", true, true}, {"big", "12345678901234567890", true, false},
		{"a.b.0", "1", true, true}, {"a.b.1.c", "x", true, true}, {"a.b.01", "1", false, false}, {"a.b.2", "1", false, false}, {"a.b.-1", "1", false, false},
		{"on", "true", true, true}, {"on", "1", true, false}, {"none", "null", true, true}, {"a.c", "", false, false}, {"n.x", "", false, false},
		{"o", `{"y": [2], "x": 1}`, true, true}, {"o", `{"x":1}`, true, false}, {"a.b.1.c", "1", true, false},
	} {
		v, found := jsonvalue.Find(tree, c.path)
		if found != c.found {
			t.Errorf("Find(%q) is %v", c.path, found)
			continue
		}
		if found && jsonvalue.Equal(v, c.want) != c.ok {
			t.Errorf("%s = %s equals %q: %v", c.path, jsonvalue.Text(v), c.want, !c.ok)
		}
	}
}

func TestDecodeTakesOneValue(t *testing.T) {
	for _, bad := range []string{"", "{", "{} {}", "1 2", "<html>"} {
		if _, err := jsonvalue.Decode([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// Nobody makes us raise ten to a great power.
func TestAGreatExponentIsText(t *testing.T) {
	long := "1e" + strings.Repeat("9", 70)
	tree, err := jsonvalue.Decode([]byte(long))
	if err != nil {
		t.Fatal(err)
	}
	if !jsonvalue.Equal(tree, long) || jsonvalue.Equal(tree, "1") {
		t.Error("a long number is not compared as text")
	}
}
