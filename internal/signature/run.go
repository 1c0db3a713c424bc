package signature

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Program is the name of the program that verifies.
const Program = "sluice-verify"

// ErrMissing says that the program is not there.
var ErrMissing = errors.New(Program + " is not beside the provider")

// Beside is where the program is looked for: in the folder of this executable, after
// links, and nowhere else. What a PATH holds is not asked to say what is trusted.
func Beside() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return "", err
	}
	name := Program
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(filepath.Dir(self), name), nil
}

// Verify asks the program; an empty path means the one beside this executable. An error
// says that nobody could tell, which is never the same as verified.
func Verify(ctx context.Context, path string, req Request) (Answer, error) {
	if path == "" {
		var err error
		if path, err = Beside(); err != nil {
			return Answer{}, err
		}
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return Answer{}, fmt.Errorf("%w: %s", ErrMissing, path)
	}
	req.Format = Format
	asked, err := json.Marshal(req)
	if err != nil {
		return Answer{}, err
	}
	bounded, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	cmd := exec.CommandContext(bounded, path)
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(asked), &out, &complaint
	if err := cmd.Run(); err != nil {
		if bounded.Err() != nil {
			err = bounded.Err()
		}
		return Answer{}, fmt.Errorf("%s failed: %w%s", Program, err, after(complaint.String()))
	}
	return read(out.Bytes())
}

func after(complaint string) string {
	if complaint = strings.TrimSpace(complaint); complaint != "" {
		return ": " + complaint[:min(len(complaint), 500)]
	}
	return ""
}

// read reads an answer. One of another version, or with anything unknown, is refused: it
// may mean something else.
func read(raw []byte) (Answer, error) {
	var a Answer
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&a); err != nil {
		return Answer{}, fmt.Errorf("the answer of %s cannot be read; is it of another version? %w", Program, err)
	}
	switch {
	case a.Format != Format:
		return Answer{}, fmt.Errorf("%s speaks the format %d, and this version %d; install the one that came with the provider", Program, a.Format, Format)
	case a.Error != "":
		return Answer{}, errors.New(a.Error)
	}
	return a, nil
}
