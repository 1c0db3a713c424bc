package lab

import (
	"bytes"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab/router"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// ContractFault is what goes wrong with the contract's calls. Delay comes first,
// then exactly one of the others; with none the call is only slow.
type ContractFault struct {
	// Calls is for how many calls it lasts; 0 until it is cleared.
	Calls int `json:"calls,omitempty"`
	// Verbs are the last parts of the paths that it meets ("traffic", "revert");
	// all when empty.
	Verbs []string `json:"verbs,omitempty"`
	// DelayMS makes the call slow, in milliseconds.
	DelayMS float64 `json:"delay_ms,omitempty"`
	// Status answers with it, and without an error of the contract.
	Status int `json:"status,omitempty"`
	// Refuse closes the connection before anything is done.
	Refuse bool `json:"refuse,omitempty"`
	// DropReply does what was asked and closes the connection without an answer.
	DropReply bool `json:"drop_reply,omitempty"`
	// HTML answers 200 with a page, as a captive proxy would.
	HTML bool `json:"html,omitempty"`
	// Truncate answers with half of the JSON.
	Truncate bool `json:"truncate,omitempty"`
}

// Faults is everything that goes wrong on purpose.
type Faults struct {
	Contract *ContractFault              `json:"contract,omitempty"`
	Arms     map[target.Arm]router.Fault `json:"arms,omitempty"`
}

// faulty stands before the contract's handler and acts a fault out.
type faulty struct {
	clock clock.Clock
	next  http.Handler

	mu    sync.Mutex
	fault *ContractFault
}

func (f *faulty) set(fault *ContractFault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

func (f *faulty) get() *ContractFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault
}

// take gives the fault that meets this request, and counts it.
func (f *faulty) take(r *http.Request) (ContractFault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault == nil || (len(f.fault.Verbs) > 0 && !slices.Contains(f.fault.Verbs, path.Base(r.URL.Path))) {
		return ContractFault{}, false
	}
	fault := *f.fault
	if fault.Calls == 1 {
		f.fault = nil
	} else if fault.Calls > 1 {
		left := fault
		left.Calls--
		f.fault = &left
	}
	return fault, true
}

// ServeHTTP implements http.Handler.
func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault, ok := f.take(r)
	if !ok {
		f.next.ServeHTTP(w, r)
		return
	}
	if f.clock.Sleep(r.Context(), time.Duration(fault.DelayMS*float64(time.Millisecond))) != nil {
		return
	}
	switch {
	case fault.Refuse:
		router.Hangup(w)
	case fault.Status != 0:
		http.Error(w, "a fault was injected", fault.Status)
	case fault.HTML:
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html><body>Please sign in.</body></html>")) // Nobody to tell.
	case fault.DropReply:
		f.next.ServeHTTP(newHeld(), r)
		router.Hangup(w)
	case fault.Truncate:
		answer := newHeld()
		f.next.ServeHTTP(answer, r)
		w.Header().Set("Content-Type", answer.header.Get("Content-Type"))
		w.WriteHeader(answer.status)
		_, _ = w.Write(answer.body.Bytes()[:answer.body.Len()/2]) // Nobody to tell.
	default:
		f.next.ServeHTTP(w, r)
	}
}

// held is an answer that is kept back.
type held struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newHeld() *held { return &held{header: http.Header{}, status: http.StatusOK} }

// Header implements http.ResponseWriter.
func (h *held) Header() http.Header { return h.header }

// WriteHeader implements http.ResponseWriter.
func (h *held) WriteHeader(status int) { h.status = status }

// Write implements http.ResponseWriter.
func (h *held) Write(b []byte) (int, error) { return h.body.Write(b) }
