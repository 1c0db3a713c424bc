package jsonvalue_test

import (
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/jsonvalue"
)

func TestAlike(t *testing.T) {
	for _, c := range []struct {
		name, value, want string
		unordered, alike  bool
	}{
		{"a policy as text", `"{\"b\": 1, \"a\": [1, 2]}"`, `{"a":[1,2],"b":1}`, false, true},
		{"another policy as text", `"{\"b\": 1}"`, `{"b":2}`, false, false},
		{"a text that is none", `"b"`, `{"b":2}`, false, false},
		{"a list in another order", `[{"Key":"b"},{"Key":"a"}]`, `[{"Key":"a"},{"Key":"b"}]`, false, false},
		{"a set in another order", `[{"Key":"b"},{"Key":"a"}]`, `[{"Key":"a"},{"Key":"b"}]`, true, true},
		{"sets within", `{"x":[[2,1],[3]]}`, `{"x":[[3],[1,2]]}`, true, true},
		{"a set as text", `"[2,1]"`, `[1,2]`, true, true},
		{"one more", `[1,2,2]`, `[1,2]`, true, false},
		{"one less", `[1]`, `[1,2]`, true, false},
		{"a scalar", `1`, `1`, true, false},
		{"nothing", `null`, `[]`, true, false},
	} {
		v, err := jsonvalue.Decode([]byte(c.value))
		if err != nil {
			t.Fatal(err)
		}
		if got := jsonvalue.Alike(v, c.want, c.unordered); got != c.alike {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
