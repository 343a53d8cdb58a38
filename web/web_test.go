package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func open(t *testing.T) *Site {
	t.Helper()
	s, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	mux := http.NewServeMux()
	mux.Handle("GET /assets/{name}", h)
	mux.Handle("GET /{$}", h)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

// loads finds what a page names.
var loads = regexp.MustCompile(`(?:src|href)="([^"]*)"`)

// TestPages: a page loads only files that are there, from this host, and has nothing
// inline that the policy would not run.
func TestPages(t *testing.T) {
	s := open(t)
	for _, name := range []string{"index.html", "accept.html"} {
		w := get(s.Page(name), "/")
		body := w.Body.String()
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" ||
			w.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
		all := loads.FindAllStringSubmatch(body, -1)
		if len(all) < 3 {
			t.Errorf("%s loads %v", name, all)
		}
		for _, m := range all {
			if asset := get(s.Assets(), m[1]); asset.Code != http.StatusOK {
				t.Errorf("%s loads %s: %d", name, m[1], asset.Code)
			}
		}
		for _, inline := range []string{"<script>", "<style", " style=", " onclick=", "javascript:", "http:", "https:"} {
			if strings.Contains(body, inline) {
				t.Errorf("%s has %s", name, inline)
			}
		}
	}
}

// TestFiles asks for every file, as it is and compressed.
func TestFiles(t *testing.T) {
	s := open(t)
	for name, f := range s.files {
		plain, packed := httptest.NewRecorder(), httptest.NewRecorder()
		f.ServeHTTP(plain, httptest.NewRequest(http.MethodGet, "/", nil))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", "br, gzip")
		f.ServeHTTP(packed, r)
		text := packed.Body.Bytes()
		if packed.Header().Get("Content-Encoding") == "gzip" {
			unpacked, err := gzip.NewReader(packed.Body)
			if err != nil {
				t.Fatal(err)
			}
			if text, err = io.ReadAll(unpacked); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(plain.Body.Bytes(), f.plain().text) || !bytes.Equal(text, f.plain().text) {
			t.Errorf("%s: the two forms differ", name)
		}
		if bytes.Contains(f.plain().text, []byte("sourceMappingURL")) {
			t.Errorf("%s names a source map", name)
		}
		if strings.HasPrefix(name, "assets/") && !regexp.MustCompile(`-[\w-]{8}\.\w+$`).MatchString(name) {
			t.Errorf("%s has no name by its content, and would be kept for ever", name)
		}
	}
}

func TestCaching(t *testing.T) {
	s := open(t)
	asset := loads.FindAllStringSubmatch(get(s.Page("index.html"), "/").Body.String(), -1)[1][1]
	for _, row := range []struct {
		name    string
		handler http.Handler
		target  string
		caching string
	}{
		{"a page is asked for anew", s.Page("index.html"), "/", "no-cache"},
		{"an asset is kept", s.Assets(), asset, "public, max-age=31536000, immutable"},
	} {
		t.Run(row.name, func(t *testing.T) {
			plain := get(row.handler, row.target)
			packed := get(row.handler, row.target, "Accept-Encoding", "gzip")
			if got := plain.Header().Get("Cache-Control"); got != row.caching {
				t.Errorf("Cache-Control: %s", got)
			}
			if plain.Header().Get("ETag") == packed.Header().Get("ETag") || plain.Header().Get("Vary") != "Accept-Encoding" {
				t.Errorf("two forms with the same tag: %v, %v", plain.Header(), packed.Header())
			}
			again := get(row.handler, row.target, "If-None-Match", plain.Header().Get("ETag"))
			if again.Code != http.StatusNotModified || again.Body.Len() > 0 {
				t.Errorf("who has it is sent it again: %d", again.Code)
			}
		})
	}
	if w := get(s.Assets(), "/assets/nothing.js"); w.Code != http.StatusNotFound || w.Header().Get("Cache-Control") != "" {
		t.Errorf("what is not there: %d %v", w.Code, w.Header())
	}
	if w := get(s.Page("nothing.html"), "/"); w.Code != http.StatusNotFound {
		t.Errorf("a page that is not there: %d", w.Code)
	}
}

// TestHeaders holds every answer to the strict headers, word for word.
func TestHeaders(t *testing.T) {
	s := open(t)
	asset := loads.FindAllStringSubmatch(get(s.Page("index.html"), "/").Body.String(), -1)[0][1]
	for _, w := range []*httptest.ResponseRecorder{get(s.Page("index.html"), "/"), get(s.Page("accept.html"), "/"), get(s.Assets(), asset)} {
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
				"img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; " +
				"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Referrer-Policy":              "no-referrer",
			"X-Content-Type-Options":       "nosniff",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}

func TestTakesGzip(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "gzip": true, "br, gzip": true, "gzip;q=1.0": true, "deflate, GZIP ; q=1": true,
		"gzip;q=0": false, "gzip; q=0": false, "br": false, "x-gzip": false, "*": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", accept)
		if got := takesGzip(r); got != want {
			t.Errorf("%q: %v", accept, got)
		}
	}
}
