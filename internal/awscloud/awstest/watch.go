package awstest

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

// Fault is what goes wrong with one request.
type Fault struct {
	// Status and Code answer the request instead of carrying it out.
	Status int
	Code   string
	// Lost carries the request out, and then breaks the connection.
	Lost bool
}

// Watch is what fakes of AWS have in common: what they were asked for, and what goes
// wrong. Its lock is the fake's.
type Watch struct {
	sync.Mutex
	// Calls counts the requests of each operation; Writes lists those that changed
	// something, in order.
	Calls  map[string]int
	Writes []string
	// changes are the requests that would change something, whatever came of them.
	changes int
	policy  *Policy
	uses    func(operation string, given map[string]any) []Use
	used    map[string]bool
	fault   func(operation string) Fault
	after   func(operation string)
}

// Faults lets something go wrong: f is asked for each request, under the lock.
func (w *Watch) Faults(f func(operation string) Fault) {
	w.Lock()
	defer w.Unlock()
	w.fault = f
}

// After calls f when a request was carried out and before it is answered. It may
// make requests itself.
func (w *Watch) After(f func(operation string)) {
	w.Lock()
	defer w.Unlock()
	w.after = f
}

// Made lists the writes so far.
func (w *Watch) Made() []string {
	w.Lock()
	defer w.Unlock()
	return slices.Clone(w.Writes)
}

// Asks counts the requests so far that would change something, also those that were
// refused, or rehearsed.
func (w *Watch) Asks() int {
	w.Lock()
	defer w.Unlock()
	return w.changes
}

// Carried counts those that did.
func (w *Watch) Carried() int { return len(w.Made()) }

// reads is whether an operation only looks, by AWS's own way of naming them.
func reads(operation string) bool {
	return slices.ContainsFunc([]string{"Describe", "List", "Get", "BatchGet", "Simulate", "AssumeRole"}, func(begins string) bool {
		return strings.HasPrefix(operation, begins)
	})
}

// Answering is what ServeRPC asks: do, under the fake's lock, where nothing goes wrong. do
// gives an answer, or AWS's code.
func (w *Watch) Answering(do func(operation string, given map[string]any) (answer map[string]any, code string)) func(*Operation, map[string]any) (map[string]any, Fault, string) {
	return func(op *Operation, given map[string]any) (answer map[string]any, fault Fault, words string) {
		w.Lock()
		defer w.Unlock()
		if fault = w.Asked(op.Name()); fault.Code == "" {
			answer, fault.Code = do(op.Name(), given)
		}
		return answer, fault, "said by the test"
	}
}

// Asked counts a request and says what goes wrong with it. The fake holds the lock.
func (w *Watch) Asked(operation string) Fault {
	if w.Calls == nil {
		w.Calls = map[string]int{}
	}
	w.Calls[operation]++
	if !reads(operation) {
		w.changes++
	}
	if w.fault == nil {
		return Fault{}
	}
	return w.fault(operation)
}

// Wrote notes a request that changed something. The fake holds the lock.
func (w *Watch) Wrote(operation string) { w.Writes = append(w.Writes, operation) }

// Then is what After was given, nil for nothing. The fake holds the lock, and calls it
// without.
func (w *Watch) Then() func(operation string) { return w.after }

// Credentials makes the environment of the test that of somebody with credentials for
// a fake.
func Credentials(t testing.TB) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": "", "AWS_ENDPOINT_URL": "", "AWS_REGION": "",
	} {
		t.Setenv(name, value)
	}
}
