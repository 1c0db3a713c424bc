package exec

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// Config is what an author writes: target = { exec = {...} }. It holds no
// secret.
type Config struct {
	// Command is the program and its arguments, run without a shell. The program is
	// an absolute path, or a name that is found on the PATH of whoever drives.
	Command []string `json:"command"`
	// Directory is where it runs, an absolute path; empty means where the driver
	// runs.
	Directory string `json:"directory,omitempty"`
	// Environment is the program's environment, all of it but for EnvironmentFrom,
	// whose values are looked up at each call.
	Environment     map[string]string               `json:"environment,omitempty"`
	EnvironmentFrom map[string]credential.Reference `json:"environment_from,omitempty"`
	// Timeout bounds one call: a duration such as "10s". Empty means
	// DefaultTimeout.
	Timeout string `json:"timeout,omitempty"`
}

// DefaultTimeout bounds one call when the author does not say.
const DefaultTimeout = 10 * time.Second

// The range in which a timeout makes sense: a lease must outlive the longest
// call.
const (
	minTimeout = 100 * time.Millisecond
	maxTimeout = time.Minute
)

const (
	exampleCommand = `; for example command = ["deploy-checkout", "--region", "eu-1"]`
	exampleName    = `; for example environment = { REGION = "eu-1" }`
)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Validate checks a configuration without touching anything.
func Validate(raw json.RawMessage) field.Errors { return wire.Validate(raw, parse, Config.validate) }

func parse(raw json.RawMessage) (Config, error) {
	return wire.Parse[Config](raw, Name, "command, directory, environment, environment_from and timeout, for example {\"command\": [\"deploy-checkout\"]}")
}

func (c Config) validate() field.Errors {
	errs := c.validateCommand()
	if c.Directory != "" && !filepath.IsAbs(c.Directory) {
		errs = append(errs, field.Error{Path: "directory", Msg: fmt.Sprintf("%q is relative, and whoever drives the rollout next may run elsewhere; give an absolute path, for example directory = \"/srv/deploy\"", c.Directory)})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Environment)) {
		at := fmt.Sprintf("environment[%q]", name)
		switch {
		case !variableName.MatchString(name):
			errs = append(errs, field.Error{Path: at, Msg: nameProblem(name)})
		case strings.ContainsRune(c.Environment[name], 0):
			errs = append(errs, field.Error{Path: at, Msg: "the value contains a NUL character" + exampleName})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.EnvironmentFrom)) {
		at := fmt.Sprintf("environment_from[%q]", name)
		if !variableName.MatchString(name) {
			errs = append(errs, field.Error{Path: at, Msg: nameProblem(name)})
		}
		if _, twice := c.Environment[name]; twice {
			errs = append(errs, field.Error{Path: at, Msg: "the variable stands in environment as well; give it in one of the two"})
		}
		errs = append(errs, c.EnvironmentFrom[name].Validate().Under(at)...)
	}
	if _, err := c.timeout(); err != nil {
		errs = append(errs, field.Error{Path: "timeout", Msg: err.Error()})
	}
	return errs
}

func nameProblem(name string) string {
	return fmt.Sprintf("%q is no name of an environment variable; letters, digits and underscores are allowed%s", name, exampleName)
}

func (c Config) validateCommand() field.Errors {
	if len(c.Command) == 0 {
		return field.Errors{{Path: "command", Msg: "there is no program; the list holds the program and its arguments" + exampleCommand}}
	}
	program := c.Command[0]
	if program == "" {
		return field.Errors{{Path: "command[0]", Msg: "the program has no name" + exampleCommand}}
	}
	if strings.ContainsAny(program, "/\\") && !filepath.IsAbs(program) {
		return field.Errors{{Path: "command[0]", Msg: fmt.Sprintf("%q is relative, and whoever drives the rollout next may run elsewhere; give an absolute path, or a name that is found on the PATH%s", program, exampleCommand)}}
	}
	for i, arg := range c.Command {
		if strings.ContainsRune(arg, 0) {
			return field.Errors{{Path: fmt.Sprintf("command[%d]", i), Msg: "the argument contains a NUL character" + exampleCommand}}
		}
	}
	return nil
}

func (c Config) timeout() (time.Duration, error) {
	if c.Timeout == "" {
		return DefaultTimeout, nil
	}
	const allowed = "; it must be a duration between 100ms and 1m, for example \"10s\""
	d, err := time.ParseDuration(c.Timeout)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration%s", c.Timeout, allowed)
	}
	if d < minTimeout || d > maxTimeout {
		return 0, fmt.Errorf("the timeout is %s%s", c.Timeout, allowed)
	}
	return d, nil
}
