package cmd

import "net/http"

// withHeaders gives every answer, refusals among them, the headers by which a browser makes nothing else of it than it is: no
// page, no frame, no other type, no part of another site's page. Pages set a policy of their own (package web).
func withHeaders(next http.Handler) http.Handler {
	headers := []struct {
		name  string
		value []string // shared by all answers: who sets another replaces it
	}{
		{"Content-Security-Policy", []string{"default-src 'none'; frame-ancestors 'none'"}},
		{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
		{"Referrer-Policy", []string{"no-referrer"}},
		{"X-Content-Type-Options", []string{"nosniff"}},
		{"X-Frame-Options", []string{"DENY"}}, // for browsers that do not know frame-ancestors
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := w.Header()
		for _, h := range headers {
			answer[h.name] = h.value
		}
		next.ServeHTTP(w, r)
	})
}
