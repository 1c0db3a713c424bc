package prose

import "testing"

func TestWrapped(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"words":               {"one two three four five six", "  one two three four\n  five six"},
		"a share stays whole": {"it stands at exactly 25 % now", "  it stands at exactly\n  25 % now"},
		"a command stays whole": {
			`stop it: sluice abort a/b --reason "..."; or wait`,
			"  stop it:\n  sluice abort a/b --reason \"...\";\n  or wait",
		},
		"lines are joined": {"one\ntwo", "  one two"},
		"nothing":          {"", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Wrapped(test.text, "  ", 24); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestColumn(t *testing.T) {
	tests := map[string]struct{ heading, text, want string }{
		"short":                 {"Why", "because", "Why       because"},
		"long":                  {"Why", "because somebody wanted it\nso", "Why       because somebody\n          wanted it\n          so"},
		"empty":                 {"Why  ", "", "Why"},
		"the heading is longer": {"What serves now", "1.0.0", "What serves now 1.0.0"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Column(test.heading, test.text, 10, 30); got != test.want {
				t.Errorf("got\n%q\nwant\n%q", got, test.want)
			}
		})
	}
}

func TestIndented(t *testing.T) {
	if got, want := Indented("one\n\n two", "  "), "  one\n\n   two"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
