package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Status gives the HTTP status that goes with a code. CodeProtocol has none,
// since a server does not say of itself that it breaks the contract.
func Status(code target.Code) int {
	switch code {
	case target.CodeUnauthorized:
		return http.StatusUnauthorized
	case target.CodeConflict, target.CodeStaleFence:
		return http.StatusConflict
	case target.CodeUnsupported:
		return http.StatusNotImplemented
	case target.CodeNotFound:
		return http.StatusNotFound
	case target.CodeInvalid:
		return http.StatusUnprocessableEntity
	case target.CodeUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// CodeFits reports whether the code may come with the status.
func CodeFits(code target.Code, status int) bool {
	switch code {
	case target.CodeUnavailable:
		return status >= 500 || status == http.StatusTooManyRequests
	case target.CodeUnauthorized:
		return status == http.StatusUnauthorized || status == http.StatusForbidden
	case target.CodeConflict, target.CodeStaleFence, target.CodeUnsupported, target.CodeNotFound, target.CodeInvalid:
		return status == Status(code)
	default:
		return false
	}
}

// Decode reads exactly one JSON value into v: no unknown fields, nothing behind
// it. What does not fit is an error, so that a misspelt field is not taken for an
// absent one.
func Decode(body []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		if errors.Is(err, io.EOF) {
			return errors.New("the body is empty")
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("the JSON is cut short")
		}
		return fmt.Errorf("the JSON does not fit: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON value")
	}
	return nil
}
