package cmd

import (
	"crypto/rand"
	"net"
	"net/http"
	"strings"

	"github.com/fieldgate/fieldgate/internal/problem"
)

// withRequestID gives each request an id, in its context and in the answer.
func withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(problem.WithRequestID(r.Context(), id)))
	})
}

// onlyHosts refuses requests to other names than the gateway's own: a page of
// another site could have made its own name lead here (DNS rebinding).
func onlyHosts(names map[string]bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		host = strings.ToLower(strings.Trim(host, "[]"))
		if !names[host] {
			problem.Write(w, http.StatusMisdirectedRequest, problem.BadRequest,
				"The gateway does not answer to this name. Whoever runs it can add it (--host).")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// closeChunked ends the connection after a request of unknown length. net/http keeps
// it open even when the request also named a length, and what follows could then be
// taken for a request of its own (RFC 9112, section 6.1).
func closeChunked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
