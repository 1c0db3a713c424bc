package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// call runs the program once and decodes its answer, or turns whatever came of it
// into a *target.Error.
func (t *Target) call(ctx context.Context, req Request, answer any) error {
	req.Contract = Format
	write := req.Key != ""
	content, err := json.Marshal(req)
	if err != nil {
		return &target.Error{Code: target.CodeInvalid, Message: "the request cannot be written as JSON", Err: err}
	}
	env, hide, err := t.environment(ctx)
	if err != nil {
		return err
	}
	r := t.run(ctx, append(content, '\n'), env)
	r.stderr = hide.Replace(r.stderr)
	switch {
	case r.unstarted != nil:
		return t.unstarted(r.unstarted)
	case r.overflow:
		return t.broken(req.Verb, write, fmt.Errorf("it wrote more than %d bytes to standard output and was killed", wire.MaxBody), r)
	case r.ctx != nil:
		return &target.Error{Code: target.CodeUnavailable, MaybeDone: write && r.began, Err: r.ctx,
			Message: fmt.Sprintf("%s did not finish %s in time (at most %s) and was killed with all that it had started%s", t.program(), req.Verb, t.timeout, r.said()),
			Remedy:  "see what keeps it; it must answer at once, with done false where something takes time"}
	case r.held:
		return t.broken(req.Verb, write, errors.New("it ended and left a process behind that holds its standard output; what shall live on must close it"), r)
	}
	return t.believe(req.Verb, write, r, hide, answer)
}

// believe checks what the program wrote against the contract.
func (t *Target) believe(verb string, write bool, r *result, hide *strings.Replacer, answer any) error {
	if r.exit != nil && len(strings.TrimSpace(string(r.stdout))) == 0 {
		return &target.Error{Code: target.CodeUnavailable, MaybeDone: write, Err: r.exit,
			Message: fmt.Sprintf("%s failed at %s without an answer%s", t.program(), verb, r.said()),
			Remedy:  "run it by hand with a request on standard input; docs/contract/exec.md has one"}
	}
	var reply Reply
	if err := wire.DecodeWhole(r.stdout, &reply); err != nil {
		return t.broken(verb, write, err, r)
	}
	// A JSON null is what a script's unset variable becomes.
	answered, failed := given(reply.Answer), given(reply.Error)
	switch {
	case answered == failed:
		return t.broken(verb, write, errors.New("it must have exactly one of answer and error"), r)
	case failed:
		return t.refused(verb, write, reply.Error, r, hide)
	case r.exit != nil:
		return t.broken(verb, write, fmt.Errorf("it has an answer and yet the program failed: %w", r.exit), r)
	}
	if err := wire.DecodeWhole(reply.Answer, answer); err != nil {
		return t.broken(verb, write, fmt.Errorf("answer: %w", err), r)
	}
	return nil
}

func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// codes are those that a program may answer with.
var codes = []target.Code{
	target.CodeUnavailable, target.CodeUnauthorized, target.CodeConflict, target.CodeStaleFence,
	target.CodeUnsupported, target.CodeNotFound, target.CodeInvalid,
}

// refused is for an answer with an error of the contract, whatever the program's
// exit code.
func (t *Target) refused(verb string, write bool, raw json.RawMessage, r *result, hide *strings.Replacer) error {
	var said wire.Error
	if err := wire.DecodeWhole(raw, &said); err != nil {
		return t.broken(verb, write, fmt.Errorf("error: %w", err), r)
	}
	if !slices.Contains(codes, said.Code) {
		return t.broken(verb, write, fmt.Errorf("error.code is %q; it must be one of %v", printable(string(said.Code)), codes), r)
	}
	e := &target.Error{Code: said.Code, Message: printable(hide.Replace(said.Message)), Remedy: printable(hide.Replace(said.Remedy)),
		MaybeDone: write && said.Code == target.CodeUnavailable}
	if said.Observation != nil {
		o, err := said.Observation.Target()
		if err != nil {
			return t.broken(verb, write, fmt.Errorf("error.observation: %w", err), r)
		}
		e.Observation = &o
	}
	return e
}

// broken is for an answer that breaks the contract.
func (t *Target) broken(verb string, write bool, err error, r *result) error {
	return &target.Error{Code: target.CodeProtocol, MaybeDone: write, Err: err,
		Message: fmt.Sprintf("the answer of %s to %s breaks the deployment contract%s", t.program(), verb, r.said()),
		Remedy:  "compare with docs/contract/exec.md, and run it by hand with a request on standard input"}
}

func (t *Target) unstarted(err error) error {
	e := &target.Error{Code: target.CodeNotFound, Message: t.program() + " could not be started", Err: err,
		Remedy: "see that it is there for whoever drives the rollout, and that they may run it"}
	if errors.Is(err, exec.ErrNotFound) {
		e.Remedy = "give an absolute path, or put it on the PATH of whoever drives the rollout"
	}
	return e
}

func (t *Target) program() string { return "the program " + t.config.Command[0] }
