package signin

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestSealed: a cookie is good for its time, under its own name and key, and says nothing to who holds it.
func TestSealed(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	seal := func(key string) sealed {
		s, err := newSealed([]byte(strings.Repeat(key, 32)), func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := seal("k")
	w := httptest.NewRecorder()
	if err := set(s, w, "one", "who it is", time.Minute, http.SameSiteStrictMode); err != nil {
		t.Fatal(err)
	}
	given := w.Result().Cookies()[0]
	if strings.Contains(w.Header().Get("Set-Cookie"), "who") {
		t.Errorf("it can be read: %s", w.Header().Get("Set-Cookie"))
	}
	for _, row := range []struct {
		name    string
		sealed  sealed
		cookies []*http.Cookie
		as      string
		later   time.Duration
		good    bool
	}{
		{"good", s, []*http.Cookie{given}, "one", 59 * time.Second, true},
		{"too late", s, []*http.Cookie{given}, "one", time.Minute, false},
		{"none", s, nil, "one", 0, false},
		{"twice", s, []*http.Cookie{given, given}, "one", 0, false},
		{"under another name", s, []*http.Cookie{{Name: "other", Value: given.Value}}, "other", 0, false},
		{"with another key", seal("x"), []*http.Cookie{given}, "one", 0, false},
		{"cut short", s, []*http.Cookie{{Name: "one", Value: given.Value[:len(given.Value)-4]}}, "one", 0, false},
		{"empty", s, []*http.Cookie{{Name: "one"}}, "one", 0, false},
		{"not base64", s, []*http.Cookie{{Name: "one", Value: "*"}}, "one", 0, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			for _, c := range row.cookies {
				r.AddCookie(c)
			}
			at := row.sealed
			at.now = func() time.Time { return now.Add(row.later) }
			w := httptest.NewRecorder()
			got, err := take[string](at, w, r, row.as, http.SameSiteStrictMode)
			if (err == nil) != row.good || row.good && got != "who it is" || !row.good && got != "" {
				t.Errorf("%q, %v", got, err)
			}
			if len(row.cookies) > 0 && w.Result().Cookies()[0].MaxAge >= 0 {
				t.Errorf("the browser keeps it: %v", w.Header())
			}
		})
	}
	if _, err := newSealed([]byte("short"), time.Now); err == nil {
		t.Error("a short key was taken")
	}
}

// FuzzTake: whatever a browser sends as a cookie, what is taken from it is what was sealed, in its one spelling, or nothing.
func FuzzTake(f *testing.F) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	s, err := newSealed([]byte(strings.Repeat("k", 32)), func() time.Time { return now })
	if err != nil {
		f.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := set(s, w, "one", outcome{ID: "an id", User: "a user"}, time.Minute, http.SameSiteStrictMode); err != nil {
		f.Fatal(err)
	}
	given := w.Result().Cookies()[0].Value
	for _, seed := range []string{
		given, given + "=", given + "A", given[1:], given[:40], strings.ToUpper(given), "", "*", "AAAA", strings.Repeat("A", 38), given + "; one=" + given, "\"" + given + "\"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", "one="+value)
		got, err := take[outcome](s, httptest.NewRecorder(), r, "one", http.SameSiteStrictMode)
		switch {
		case err != nil && got != (outcome{}):
			t.Errorf("%q is refused, and gives %+v", value, got)
		case err == nil:
			sent := r.CookiesNamed("one")[0].Value
			if bytes, err := base64.RawURLEncoding.DecodeString(sent); err != nil || base64.RawURLEncoding.EncodeToString(bytes) != sent ||
				got != (outcome{ID: "an id", User: "a user"}) {
				t.Errorf("%q gives %+v", value, got)
			}
		}
	})
}
