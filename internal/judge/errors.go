package judge

import (
	"errors"
	"fmt"
	"strings"
)

// ErrVersion says that a State was written by another version of the method.
var ErrVersion = errors.New("judge: the state is of another version")

// FieldError is one thing that is wrong with parameters or metrics.
type FieldError struct {
	// Path leads to the field in its JSON form, for example "metrics[0].ceiling".
	Path string `json:"path"`
	// Msg says what was wrong, what is allowed, and gives an example.
	Msg string `json:"msg"`
}

// Error implements error.
func (e FieldError) Error() string { return e.Path + " " + e.Msg }

// InvalidError holds everything that New or Load refused, in order.
type InvalidError struct {
	Fields []FieldError
}

// Error implements error, with one line for each field.
func (e *InvalidError) Error() string {
	lines := make([]string, len(e.Fields))
	for i, field := range e.Fields {
		lines[i] = field.Error()
	}
	return "judge: " + strings.Join(lines, "\n")
}

// LineError is a line of input that Replay or Backtest refused. It unwraps to
// its cause.
type LineError struct {
	// Line counts from 1.
	Line int
	// Err says what was wrong, what is allowed, and gives an example.
	Err error
}

// Error implements error.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns the cause.
func (e *LineError) Unwrap() error { return e.Err }
