package auth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/auth/token"
)

// FuzzBearer: whatever stands in an Authorization header is one token, which is nothing but what follows its scheme, or none.
func FuzzBearer(f *testing.F) {
	for _, seed := range []string{
		"", "Bearer", "Bearer ", "Bearer a.b.c", "bearer   a.b.c", "Bearer a b", "Bearer a,Bearer b", "Bearer\ta", "Basic YTpi", "Bearer a\x00", "BEARER é",
		"Bearer " + strings.Repeat("a", token.MaxSize+1),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		raw, ok := bearer([]string{header})
		if ok && (raw == "" || len(raw) > token.MaxSize || strings.ContainsAny(raw, " ,\t") || !strings.HasSuffix(header, " "+raw) ||
			!strings.EqualFold(strings.TrimRight(strings.TrimSuffix(header, raw), " "), "Bearer")) {
			t.Errorf("%q holds %q", header, raw)
		}
		if _, two := bearer([]string{header, header}); two {
			t.Errorf("%q is taken twice", header)
		}
	})
}

// FuzzTokenInURL: no parameter that some reader takes for an access token reaches what answers.
func FuzzTokenInURL(f *testing.F) {
	for _, seed := range []string{"", "access_token=x", "ACCESS_TOKEN", "a=b;access%5Ftoken=x", "a=b&acc%65ss_token=x", "%zz&access_token=x", "access_token", "a=access_token", "xaccess_token=x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		served := false
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.RawQuery = query
		NoTokensInURL(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served = true })).ServeHTTP(httptest.NewRecorder(), r)
		values, _ := url.ParseQuery(query) // what can be read of it
		if served && (values.Has("access_token") || r.FormValue("access_token") != "") {
			t.Errorf("%q is served", query)
		}
	})
}
