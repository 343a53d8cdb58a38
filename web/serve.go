package web

import "net/http"

// contentSecurityPolicy lets a page load from this host alone. Styles inside the page are
// Monaco's, which writes them as it goes, and images in data are those of its style
// sheets. Nothing else is inline, and nothing is evaluated.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Page serves one of the pages by its name in dist, such as index.html. What it loads is
// named by its content, so a page is asked for anew each time. A name that is none is not
// found.
func (s *Site) Page(name string) http.Handler {
	return s.serve(name, "no-cache")
}

// Assets serves what pages load, under /assets/. The names change with what they hold,
// which may be kept for ever.
func (s *Site) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serve("assets/"+r.PathValue("name"), "public, max-age=31536000, immutable").ServeHTTP(w, r)
	})
}

func (s *Site) serve(name, caching string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, known := s.files[name]
		if !known {
			http.NotFound(w, r)
			return
		}
		header := w.Header()
		header.Set("Cache-Control", caching)
		header.Set("Content-Security-Policy", contentSecurityPolicy)
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		f.ServeHTTP(w, r)
	})
}
