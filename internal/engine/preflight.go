package engine

import (
	"mime"
	"net/http"
	"strings"
)

// asksFirst says whether a browser that sends this GET for a page of another site asks first, by a preflight (Fetch,
// section 4.8), which is granted to none but the origins that the gateway was told of. What browsers send unasked, as for an
// image or a link, is not served: who cannot read the answer still sees how long it took. A POST asks first by its
// Content-Type.
func asksFirst(h http.Header) bool {
	for _, name := range [...]string{"GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name"} {
		if h.Get(name) != "" {
			return true
		}
	}
	// Browsers add an Authorization by themselves, but of schemes that they know, and Bearer is none of these.
	if scheme, _, _ := strings.Cut(h.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return true
	}
	media, _, err := mime.ParseMediaType(strings.Join(h.Values("Content-Type"), ", "))
	return err == nil && media == mediaJSON
}

// unasked is what a request is told that does not ask first.
const unasked = "A request by GET has a header that no page of another site can send unasked: Authorization with a Bearer token, " +
	"GraphQL-Require-Preflight, Apollo-Require-Preflight, X-Apollo-Operation-Name, or the Content-Type application/json."
