package diags

import "sync"

// Once keeps an error that meets every object of a configuration, such as a ledger that
// has moved, from being told in full for each of them: the first that Unable puts into
// words has them all, and the others one line that names the first. The zero value is
// ready, and is safe for concurrent use.
type Once struct {
	mu    sync.Mutex
	first string
}

// Mark gives the error, to be told once. Nil stays nil.
func (o *Once) Mark(err error) error {
	if err == nil {
		return nil
	}
	return &onceError{once: o, err: err}
}

// told says under which summary the error was told first, which may be this one.
func (o *Once) told(summary string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.first == "" {
		o.first = summary
	}
	return o.first
}

type onceError struct {
	once *Once
	err  error
}

// Error implements error.
func (e *onceError) Error() string { return e.err.Error() }

// Unwrap gives the cause.
func (e *onceError) Unwrap() error { return e.err }
