package agent_test

import (
	"net/http/httptest"
	"testing"
)

// scrape gets one of an agent's pages.
func scrape(t *testing.T, a *runner, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Body.String()
}
