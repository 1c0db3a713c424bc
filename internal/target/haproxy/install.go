package haproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// The verbs of the install command.
const (
	// VerbPreflight asks what would stop the installation, and changes nothing.
	VerbPreflight = "preflight"
	// VerbInstall begins the installation, or goes on with it. It may be repeated
	// at any time and must then do no harm.
	VerbInstall = "install"
)

// InstallRequest is what the command reads from its standard input, in JSON.
type InstallRequest struct {
	Verb    string           `json:"verb"`
	Payload artifact.Payload `json:"payload"`
	// Arm is the group that is idle, blue or green, and Servers are its servers.
	// None of them takes traffic.
	Arm     haproxy.Group   `json:"arm"`
	Servers []InstallServer `json:"servers"`
}

// InstallServer is one server to install on.
type InstallServer struct {
	Backend string `json:"backend"`
	Name    string `json:"name"`
	Address string `json:"address"`
	Port    int    `json:"port"`
	// Sessions is how many are still open from before.
	Sessions int64 `json:"sessions"`
}

// InstallAnswer is what the command writes to its standard output, in JSON.
type InstallAnswer struct {
	// Obstacles answers preflight; an empty list is a pass.
	Obstacles []target.Obstacle `json:"obstacles,omitempty"`
	// LookAgain is when to ask again, where the installation goes on after the
	// command has ended. The servers' own word says when it is done.
	LookAgain field.Duration `json:"look_again,omitempty"`
	// Error says why there can be no installation.
	Error *InstallError `json:"error,omitempty"`
}

// InstallError is the command's word that it failed.
type InstallError struct {
	// Code is one of the contract's: not_found, unauthorized, unavailable...
	Code    target.Code `json:"code"`
	Message string      `json:"message"`
	Remedy  string      `json:"remedy,omitempty"`
}

const (
	maxOutput = 64 << 10
	maxWords  = 300
	killGrace = 5 * time.Second
)

// run runs the command once.
func (t *Target) run(ctx context.Context, verb string, p artifact.Payload, v haproxy.View, g haproxy.Group) (InstallAnswer, error) {
	install := t.config.Install
	timeout, _ := within(install.Timeout, DefaultInstallTimeout, minInstallTimeout, maxInstallTimeout, "")
	req := InstallRequest{Verb: verb, Payload: p, Arm: g}
	for _, s := range v.All(g) {
		req.Servers = append(req.Servers, InstallServer{s.Backend, s.Name, s.Address, s.Port, s.Sessions})
	}
	body, err := json.Marshal(req)
	if err != nil {
		return InstallAnswer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	out, words := &bounded{limit: maxOutput, ends: true}, &bounded{limit: maxOutput}
	cmd := exec.CommandContext(ctx, install.Command[0], install.Command[1:]...) //nolint:gosec // The author's own command.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(body), out, words
	cmd.Env, cmd.WaitDelay = append(environment(install.Environment), req.variables()...), killGrace
	err = cmd.Run()
	var answer InstallAnswer
	switch {
	case out.over:
		return answer, t.unreadable(verb, fmt.Errorf("it is longer than %d bytes", maxOutput))
	case err != nil:
		return answer, t.failed(ctx, verb, err, words.buf.String())
	}
	if err := wire.Decode(out.buf.Bytes(), &answer); err != nil {
		return InstallAnswer{}, t.unreadable(verb, err)
	}
	if e := answer.Error; e != nil {
		return InstallAnswer{}, &target.Error{Code: knownCode(e.Code), Message: "the install command: " + printable(e.Message), Remedy: printable(e.Remedy), MaybeDone: verb == VerbInstall}
	}
	return answer, nil
}

func (t *Target) unreadable(verb string, err error) error {
	return &target.Error{Code: target.CodeProtocol, MaybeDone: verb == VerbInstall, Err: err,
		Message: fmt.Sprintf("the answer of the install command (%s) to %s cannot be read", t.config.Install.Command[0], verb),
		Remedy:  "it must write one JSON object to its standard output, {} when all is well, and everything else to its standard error"}
}

func (t *Target) failed(ctx context.Context, verb string, err error, words string) error {
	name := t.config.Install.Command[0]
	e := &target.Error{Code: target.CodeUnavailable, MaybeDone: verb == VerbInstall, Err: err,
		Message: fmt.Sprintf("the install command (%s) failed", name), Remedy: "run it by hand to see why"}
	if words = printable(strings.TrimSpace(words)); words != "" {
		e.Message += " and said: " + words
	}
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
		e.MaybeDone, e.Remedy = false, "see that the program is there; a relative path is looked up from where Terraform runs"
	}
	if ctx.Err() != nil {
		e.Message = fmt.Sprintf("the install command (%s) did not end in time", name)
		e.Remedy = "let it begin the installation, answer {\"look_again\": \"5s\"} and end; or raise install.timeout"
	}
	return e
}

// knownCode keeps a code of the contract; anything else is no more than a
// failure.
func knownCode(c target.Code) target.Code {
	switch c {
	case target.CodeNotFound, target.CodeUnauthorized, target.CodeUnavailable, target.CodeConflict, target.CodeInvalid, target.CodeUnsupported:
		return c
	default:
		return target.CodeUnavailable
	}
}

// environment is what the command gets: no secret that nobody named.
func environment(names []string) []string {
	var env []string
	for _, name := range append([]string{"PATH", "HOME"}, names...) {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// variables say the same as the JSON, for a script without a parser of JSON.
// SLUICE_SERVERS holds "backend/name=address:port" for each server, with blanks
// between.
func (r InstallRequest) variables() []string {
	var servers []string
	for _, s := range r.Servers {
		servers = append(servers, fmt.Sprintf("%s/%s=%s", s.Backend, s.Name, net.JoinHostPort(s.Address, strconv.Itoa(s.Port))))
	}
	return []string{"SLUICE_VERB=" + r.Verb, "SLUICE_ARM=" + string(r.Arm), "SLUICE_VERSION=" + r.Payload.Version,
		"SLUICE_REFERENCE=" + r.Payload.Reference, "SLUICE_DIGEST=" + r.Payload.Digest(),
		"SLUICE_CONFIGURATION_DIGEST=" + r.Payload.ConfigurationDigest, "SLUICE_SERVERS=" + strings.Join(servers, " ")}
}

// bounded keeps what is written up to a limit. More than that is refused, which
// ends a command that never stops writing, or is let go.
type bounded struct {
	buf   bytes.Buffer
	limit int
	ends  bool
	over  bool
}

var errTooLong = errors.New("the output is too long")

func (b *bounded) Write(p []byte) (int, error) {
	room := b.limit - b.buf.Len()
	b.over = b.over || room < len(p)
	b.buf.Write(p[:min(room, len(p))])
	if b.over && b.ends {
		return 0, errTooLong
	}
	return len(p), nil
}

// printable makes a program's words fit for a terminal: the last of them, without
// control characters.
func printable(text string) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text))
	if len(runes) > maxWords {
		return "..." + string(runes[len(runes)-maxWords:])
	}
	return string(runes)
}
