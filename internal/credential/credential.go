// Package credential holds references to secrets. Configuration, ledger, state
// and log hold a Reference and never what it stands for, so that whoever drives
// a rollout next can look the secret up again without the configuration.
package credential

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// MaxSize is the greatest length of a secret, in bytes. Something longer is
// taken for a wrong file and refused.
const MaxSize = 64 << 10

// The reasons for which a reference yields no secret, for errors.Is.
var (
	// ErrUnset means that the environment variable is not set.
	ErrUnset = errors.New("it is not set")
	// ErrEmpty means that the secret is there and has no characters.
	ErrEmpty = errors.New("it is empty")
	// ErrTooLong means that there are more than MaxSize bytes.
	ErrTooLong = fmt.Errorf("it is longer than %d bytes", MaxSize)
)

// Reference says where a secret is. Exactly one of its fields is set. It holds
// no secret itself and may be stored and printed.
type Reference struct {
	// Env names an environment variable of the process that needs the secret.
	Env string `json:"env,omitempty"`
	// File is the path of a file whose whole content is the secret.
	File string `json:"file,omitempty"`
	// Command is a program and its arguments, run without a shell, whose standard
	// output is the secret.
	Command []string `json:"command,omitempty"`
}

// Validate says what is wrong with the reference, relative to it. It looks
// nothing up.
func (r Reference) Validate() field.Errors {
	const example = "; for example env = \"METRICS_TOKEN\""
	var set []string
	if r.Env != "" {
		set = append(set, "env")
	}
	if r.File != "" {
		set = append(set, "file")
	}
	if len(r.Command) > 0 {
		set = append(set, "command")
	}
	switch {
	case len(set) == 0:
		return field.Errors{{Msg: "the reference to a credential names nothing; set exactly one of env, file and command" + example}}
	case len(set) > 1:
		return field.Errors{{Msg: "the reference to a credential sets " + strings.Join(set, " and ") +
			"; set exactly one of env, file and command" + example}}
	case strings.ContainsAny(r.Env, "=\x00"):
		return field.Errors{{Path: "env", Msg: "the name of the environment variable contains \"=\" or a NUL character" +
			"; give the name alone and never the value" + example}}
	case strings.ContainsRune(r.File, 0):
		return field.Errors{{Path: "file", Msg: "the path contains a NUL character; for example file = \"/run/secrets/metrics\""}}
	case len(r.Command) > 0 && r.Command[0] == "":
		return field.Errors{{Path: "command[0]", Msg: "the program has no name; the list holds the program and its arguments, " +
			"for example command = [\"pass\", \"show\", \"metrics\"]"}}
	}
	return nil
}

// String describes the reference, for messages: "environment variable NAME". A
// command is named without its arguments.
func (r Reference) String() string {
	switch {
	case r.Env != "":
		return "environment variable " + r.Env
	case r.File != "":
		return "file " + r.File
	case len(r.Command) > 0:
		return "command " + r.Command[0]
	}
	return "no credential"
}

// Resolve looks the secret up, and takes one newline off its end. It asks anew
// at each call, since secrets rotate. An error names the reference and never the
// value; an empty secret is an error, as it is never what somebody meant. A
// command gets CommandTimeout at most. Safe for concurrent use.
func (r Reference) Resolve(ctx context.Context) (string, error) {
	if errs := r.Validate(); len(errs) > 0 {
		return "", errs.Err()
	}
	if err := ctx.Err(); err != nil {
		return "", r.fail(err)
	}
	secret, err := r.read(ctx)
	if err != nil {
		return "", r.fail(err)
	}
	if len(secret) > MaxSize {
		return "", r.fail(ErrTooLong)
	}
	secret = strings.TrimSuffix(strings.TrimSuffix(secret, "\n"), "\r")
	if secret == "" {
		return "", r.fail(ErrEmpty)
	}
	return secret, nil
}

func (r Reference) fail(err error) error {
	return fmt.Errorf("unable to get the credential from %s: %w", r, err)
}

func (r Reference) read(ctx context.Context) (string, error) {
	switch {
	case r.Env != "":
		value, ok := os.LookupEnv(r.Env)
		if !ok {
			return "", ErrUnset
		}
		return value, nil
	case r.File != "":
		return readFile(r.File)
	default:
		return runCommand(ctx, r.Command)
	}
}
