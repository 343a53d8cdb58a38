package cmd

import (
	"crypto/rand"
	"net/http"
	"net/netip"
	"strings"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/quota"
)

// scope is what goes with a request as its context, in one piece.
type scope struct {
	id         [1]string // as the value of a header
	identified problem.Request
	from       quota.Request
	caller     auth.Caller
}

// scoped gives each request an id, in its context and in the answer, notes where it comes from, and has room for who asks.
func (p proxies) scoped(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, from := new(scope), quota.AddressOf(r, p)
		s.id[0] = rand.Text()
		w.Header()["X-Request-Id"] = s.id[:]
		r = r.WithContext(s.caller.In(s.from.In(s.identified.In(r.Context(), s.id[0]), from, w.Header())))
		if len(p) > 0 {
			r.RemoteAddr = netip.AddrPortFrom(from, 0).String()
		}
		next.ServeHTTP(w, r)
	})
}

// onlyHosts refuses requests to other names than the gateway's own: a page of
// another site could have made its own name lead here (DNS rebinding).
func onlyHosts(names map[string]bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !names[r.Host] && !names[strings.ToLower(hostname(r.Host))] {
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
