package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrap(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"short", "one two", "one two"},
		{"long", "one two three four", "one two\nthree four"},
		{"a word too long", "one extraordinarily two", "one\nextraordinarily\ntwo"},
		{"paragraphs", "one\n\ntwo", "one\n\ntwo"},
		{"characters, not bytes", "ä ö ü ß é", "ä ö ü ß é"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, wrap(c.text, 10)); diff != "" {
				t.Errorf("wrapped (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHang(t *testing.T) {
	cases := []struct{ name, line, want string }{
		{"short", "  window  pass", "  window  pass"},
		{"a table", "  window  fail  a freeze until the end of the week", "  window  fail  a freeze until the end\n                of the week"},
		{"a sentence", "a sentence that is longer than forty columns", "a sentence that is longer than forty\ncolumns"},
		{"indented", "    a sentence that is longer than forty columns", "    a sentence that is longer than forty\n    columns"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, hang(c.line, 40)); diff != "" {
				t.Errorf("broken (-want +got):\n%s", diff)
			}
		})
	}
}

// Off the terminal there is neither colour nor anything that moves the cursor.
func TestPlainOutput(t *testing.T) {
	var b bytes.Buffer
	p := newPrinter(&b, false)
	p.chapter(1, "A first release")
	p.say("It is so.")
	p.command("terraform plan")
	p.progress("[====----] 50 %")
	p.progress("[======--] 75 %")
	p.excerpt("\nPlan: 1 to add\n\nand more\n")
	p.ok(strings.Repeat("word ", 20))
	p.failure("It broke.", "why")
	want := `

1 of 6  A first release
=======================

It is so.

  $ terraform plan
  [====----] 50 %
  [======--] 75 %
  | Plan: 1 to add
  |
  | and more
  ok  word word word word word word word word word word word word word word word
      word word word word word

FAILED  It broke.

The program said:
  | why
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("the output (-want +got):\n%s", diff)
	}
}

// On a terminal the bar stands in one place, and goes before a line is written.
func TestBarMoves(t *testing.T) {
	var b bytes.Buffer
	p := newPrinter(&b, true)
	p.progress("50 %")
	p.progress("75 %")
	p.step("done")
	p.step("more")
	want := "\r  50 %\x1b[K\r  75 %\x1b[K\r\x1b[K  done\n  more\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("the output (-want +got):\n%s", diff)
	}
}
