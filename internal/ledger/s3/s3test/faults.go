package s3test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
)

// Of makes a fault strike those requests only whose method and path it is given.
func Of(method, part string, fault Around) Around {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method == method && strings.Contains(r.URL.Path, part) {
			fault(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// Times makes a fault strike the first n requests only that it is given.
func Times(n int, fault Around) Around {
	tokens := make(chan struct{}, n)
	for range n {
		tokens <- struct{}{}
	}
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		select {
		case <-tokens:
			fault(w, r, next)
		default:
			next.ServeHTTP(w, r)
		}
	}
}

// Deaf carries the request out, and cuts the connection instead of answering.
func Deaf(w http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(httptest.NewRecorder(), r)
	Cut(w, r, next)
}

// Cut cuts the connection without carrying the request out.
func Cut(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// Refuse answers with an error of S3.
func Refuse(status int, code, message string) Around {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
	}
}

// Careless is a store that knows no conditions, as some are.
func Careless(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if r.Method == http.MethodPut {
		r.Header.Del("If-Match")
		r.Header.Del("If-None-Match")
	}
	next.ServeHTTP(w, r)
}
