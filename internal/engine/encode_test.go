package engine_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestPacked: which answers are compressed.
func TestPacked(t *testing.T) {
	const gzipped = "gzip"
	const long = `{ calls(first: 50) { name secret to } }`
	for _, row := range []struct {
		name, query, takes, want string
	}{
		{"a long answer", long, "gzip", gzipped},
		{"a long answer, for a browser", long, "gzip, deflate, br, zstd", gzipped},
		{"a long answer, for whom anything will do", long, "*", ""},
		{"a long answer, by weight", long, "gzip;q=0.5, identity;q=0.1", gzipped},
		{"a long answer, for who does not take it so", long, "", ""},
		{"a long answer, for who takes anything but that", long, "gzip;q=0, *", ""},
		{"a long answer, for who takes what is not had", long, "br", ""},
		{"a short answer", `{ hello }`, "gzip", ""},
		{"a mutation's answer", `mutation { touch { page { calls(first: 50) { name secret to } } } }`, "gzip", ""},
		{"errors", `{` + strings.Repeat(" "+strings.Repeat("x", 200), 9) + `}`, "gzip", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			body, err := json.Marshal(request{Query: row.query})
			if err != nil {
				t.Fatal(err)
			}
			asked := func(takes string) *httptest.ResponseRecorder {
				r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(body)))
				r.Header.Set("Content-Type", mediaJSON)
				if takes != "" {
					r.Header.Set("Accept-Encoding", takes)
				}
				w := httptest.NewRecorder()
				g := gatewayFor(t, holding(permissions...))
				g.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), signedInKey{}, true)))
				return w
			}
			plain, got := asked(""), asked(row.takes)
			if encoding := got.Header().Get("Content-Encoding"); encoding != row.want {
				t.Fatalf("Content-Encoding: %q, want %q; %d bytes", encoding, row.want, plain.Body.Len())
			}
			if !strings.Contains(strings.Join(got.Header().Values("Vary"), ","), "Accept-Encoding") {
				t.Errorf("Vary: %v", got.Header().Values("Vary"))
			}
			if long := plain.Body.Len() > 1400; long != (row.name != "a short answer") {
				t.Fatalf("the answer has %d bytes", plain.Body.Len())
			}
			text := got.Body.String()
			if row.want == gzipped {
				if got.Body.Len() >= plain.Body.Len() || got.Header().Get("Content-Length") != "" {
					t.Errorf("%d bytes of %d, %v", got.Body.Len(), plain.Body.Len(), got.Header())
				}
				unpacked, err := gzip.NewReader(got.Body)
				if err != nil {
					t.Fatal(err)
				}
				whole, err := io.ReadAll(unpacked)
				if err != nil {
					t.Fatal(err)
				}
				text = string(whole)
			}
			if text != plain.Body.String() || got.Code != plain.Code {
				t.Errorf("%d %s", got.Code, text)
			}
		})
	}
}
