package lambdatest

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Refusal starts an STS that lets nobody assume any role, and returns its address.
func Refusal(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)) // Whoever asked may be gone.
	}))
	t.Cleanup(s.Close)
	return s.URL
}
