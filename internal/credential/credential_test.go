package credential

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const marker = "m4rker-s3cret"

func TestValidate(t *testing.T) {
	cases := map[string]struct {
		ref  Reference
		path string
		want []string // parts of the message; none means valid
	}{
		"env":               {ref: Reference{Env: "A"}},
		"file":              {ref: Reference{File: "a"}},
		"command":           {ref: Reference{Command: []string{"a", "b"}}},
		"nothing":           {ref: Reference{}, want: []string{"names nothing", "exactly one of env, file and command", `env = "METRICS_TOKEN"`}},
		"two":               {ref: Reference{Env: "A", File: "b"}, want: []string{"sets env and file", "exactly one"}},
		"all":               {ref: Reference{Env: "A", File: "b", Command: []string{"c"}}, want: []string{"sets env and file and command"}},
		"env with a value":  {ref: Reference{Env: "A=" + marker}, path: "env", want: []string{"never the value"}},
		"file with NUL":     {ref: Reference{File: "a\x00"}, path: "file", want: []string{"NUL"}},
		"nameless program":  {ref: Reference{Command: []string{"", "x"}}, path: "command[0]", want: []string{"no name", "pass"}},
		"an empty argument": {ref: Reference{Command: []string{"x", ""}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := tc.ref.Validate()
			if len(tc.want) == 0 {
				if len(got) != 0 {
					t.Fatalf("Validate() = %v, want nothing", got)
				}
				return
			}
			if len(got) != 1 || got[0].Path != tc.path {
				t.Fatalf("Validate() = %+v, want one error at %q", got, tc.path)
			}
			for _, part := range tc.want {
				if !strings.Contains(got[0].Msg, part) {
					t.Errorf("message %q does not say %q", got[0].Msg, part)
				}
			}
			if strings.Contains(got[0].Msg, marker) {
				t.Errorf("message %q holds the secret", got[0].Msg)
			}
			if _, err := tc.ref.Resolve(context.Background()); err == nil {
				t.Error("Resolve() of an invalid reference succeeded")
			}
		})
	}
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("SLUICE_TEST_TOKEN", marker)
	t.Setenv("SLUICE_TEST_EMPTY", "")
	long := strings.Repeat("x", MaxSize+1)
	sh := func(script string) []string { return []string{"sh", "-c", script} }

	cases := map[string]struct {
		ref   Reference
		want  string
		is    error
		names string // what the error must name
	}{
		"env":                  {ref: Reference{Env: "SLUICE_TEST_TOKEN"}, want: marker},
		"env unset":            {ref: Reference{Env: "SLUICE_TEST_UNSET"}, is: ErrUnset, names: "environment variable SLUICE_TEST_UNSET"},
		"env empty":            {ref: Reference{Env: "SLUICE_TEST_EMPTY"}, is: ErrEmpty, names: "SLUICE_TEST_EMPTY"},
		"file":                 {ref: Reference{File: file("plain", marker)}, want: marker},
		"one newline goes":     {ref: Reference{File: file("newline", marker+"\n")}, want: marker},
		"one CRLF goes":        {ref: Reference{File: file("crlf", marker+"\r\n")}, want: marker},
		"only one newline":     {ref: Reference{File: file("two", marker+"\n\n")}, want: marker + "\n"},
		"inner space stays":    {ref: Reference{File: file("space", " "+marker+" ")}, want: " " + marker + " "},
		"file empty":           {ref: Reference{File: file("empty", "\n")}, is: ErrEmpty, names: "empty"},
		"file missing":         {ref: Reference{File: filepath.Join(dir, "none")}, is: fs.ErrNotExist, names: "none"},
		"file too long":        {ref: Reference{File: file("long", long)}, is: ErrTooLong, names: "long"},
		"file of longest size": {ref: Reference{File: file("just", long[1:])}, want: long[1:]},
		"endless file":         {ref: Reference{File: "/dev/zero"}, is: ErrTooLong, names: "/dev/zero"},
		"command":              {ref: Reference{Command: sh("echo " + marker)}, want: marker},
		"command is no shell":  {ref: Reference{Command: []string{"echo", "$HOME"}}, want: "$HOME"},
		"command empty":        {ref: Reference{Command: []string{"true"}}, is: ErrEmpty, names: "command true"},
		"command too long":     {ref: Reference{Command: []string{"cat", "/dev/zero"}}, is: ErrTooLong, names: "command cat"},
		"command fails":        {ref: Reference{Command: sh("echo " + marker + "; echo " + marker + " >&2; exit 3")}, names: "exit status 3"},
		"command missing":      {ref: Reference{Command: []string{"sluice-no-such-program"}}, names: "sluice-no-such-program"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := tc.ref.Resolve(context.Background())
			if got != tc.want {
				t.Errorf("Resolve() = %q, want %q", got, tc.want)
			}
			if tc.want != "" {
				if err != nil {
					t.Errorf("Resolve() failed: %v", err)
				}
				return
			}
			if err == nil {
				t.Fatal("Resolve() succeeded, want an error")
			}
			if tc.is != nil && !errors.Is(err, tc.is) {
				t.Errorf("error %v is not %v", err, tc.is)
			}
			if !strings.Contains(err.Error(), tc.names) {
				t.Errorf("error %q does not name %q", err, tc.names)
			}
			if strings.Contains(err.Error(), marker) {
				t.Errorf("error %q holds the secret", err)
			}
		})
	}
}

func TestResolveEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	ref := Reference{Command: []string{"sleep", "60"}}
	if _, err := ref.Resolve(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Resolve() = %v, want the deadline", err)
	}
	t.Setenv("SLUICE_TEST_TOKEN", marker)
	cancelled, stop := context.WithCancel(context.Background())
	stop()
	if _, err := (Reference{Env: "SLUICE_TEST_TOKEN"}).Resolve(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("Resolve() = %v, want the cancellation", err)
	}
}

func TestResolveAsksAnew(t *testing.T) {
	ref := Reference{Env: "SLUICE_TEST_TOKEN"}
	for _, want := range []string{"one", "two"} {
		t.Setenv("SLUICE_TEST_TOKEN", want)
		got, err := ref.Resolve(context.Background())
		if err != nil || got != want {
			t.Errorf("Resolve() = %q, %v, want %q", got, err, want)
		}
	}
}

func TestStringAndJSON(t *testing.T) {
	cases := []struct {
		ref        Reference
		str, bytes string
	}{
		{Reference{Env: "A"}, "environment variable A", `{"env":"A"}`},
		{Reference{File: "b"}, "file b", `{"file":"b"}`},
		{Reference{Command: []string{"c", "secret-looking"}}, "command c", `{"command":["c","secret-looking"]}`},
		{Reference{}, "no credential", `{}`},
	}
	for _, tc := range cases {
		if got := tc.ref.String(); got != tc.str {
			t.Errorf("String() = %q, want %q", got, tc.str)
		}
		raw, err := json.Marshal(tc.ref)
		if err != nil || string(raw) != tc.bytes {
			t.Errorf("Marshal = %s, %v, want %s", raw, err, tc.bytes)
		}
		var back Reference
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.ref, back); diff != "" {
			t.Errorf("round trip (-want +got):\n%s", diff)
		}
	}
}
