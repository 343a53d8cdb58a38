package cmd

import (
	"maps"
	"net/http"
)

// withHeaders gives every answer, refusals among them, the headers by which a browser makes nothing else of it than it is: no
// page, no frame, no other type, no part of another site's page. Pages set a policy of their own (package web).
func withHeaders(next http.Handler) http.Handler {
	headers := map[string][]string{
		"Content-Security-Policy":      {"default-src 'none'; frame-ancestors 'none'"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Referrer-Policy":              {"no-referrer"},
		"X-Content-Type-Options":       {"nosniff"},
		"X-Frame-Options":              {"DENY"}, // for browsers that do not know frame-ancestors
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), headers) // the values are shared by all answers: who sets another replaces them
		next.ServeHTTP(w, r)
	})
}
