package auth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// Middleware gives next each request with its Principal in the context: a guest when
// there is no Authorization header, and otherwise whom its Bearer token stands for
// (RFC 6750, section 2.1). A request that asks for it, with CookieHeader and not from
// another site, may have its token in a cookie instead. A token that cannot be accepted
// never makes a guest of its bearer: it is answered with 401, a token in the URL, where
// logs would keep it, with 400, and 503 says that sessions cannot be checked.
func (s *Service) Middleware(next http.Handler) http.Handler {
	known := NoTokensInURL(s.authenticated(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Vary"] = append(slices.Grow(h["Vary"], 2), "Authorization, Cookie, "+CookieHeader) // and one of next
		known.ServeHTTP(w, r)
	})
}

// authenticated has requests served for whom they are of.
func (s *Service) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := r.Context().Value(callerKey{}).(*Caller)
		if c == nil || r.Context().Value(principalKey{}) != any(c.principal) { // no room, or With is in front of it
			c = new(Caller)
			r = r.WithContext(c.In(r.Context()))
		}
		ctx := r.Context()
		c.principal = nil
		var err error
		if c.cookies, err = s.readCookies(w, r); err != nil {
			code := problem.CodeOf(err)
			problem.Write(w, code.Status(), code, err.Error())
			return
		}
		raw, err := tokenOf(r, c.cookies)
		if err != nil {
			_, done := s.observe(ctx, StepCheck)
			done(resultOf(err))
			refuseToken(w, err)
			return
		}
		if raw != "" {
			if c.principal, err = s.authenticate(ctx, raw); err != nil {
				if code := problem.CodeOf(err); code != problem.Unauthenticated {
					s.log.WarnContext(ctx, "a token could not be checked",
						"requestId", problem.RequestID(ctx), "code", code, "error", err)
				}
				refuseToken(w, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// NoTokensInURL refuses requests with an access token in their URL (RFC 6750, section 2.3), where logs and histories would
// keep it, also on routes that know no callers: whoever sends one there is to notice.
func NoTokensInURL(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tokenInQuery(r.URL.RawQuery) {
			refuse(w, http.StatusBadRequest, problem.BadRequest, "invalid_request",
				"Send the access token in the Authorization header, not in the URL.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// tokenOf is the access token of a request, "" for a guest's.
func tokenOf(r *http.Request, cookies *Cookies) (string, error) {
	if cookies != nil {
		return cookies.token()
	}
	header := r.Header.Values("Authorization")
	if len(header) == 0 {
		return "", nil
	}
	raw, ok := bearer(header)
	if !ok {
		return "", ErrBadToken
	}
	return raw, nil
}

// bearer returns the token of the one Authorization header, "Bearer <token>". The
// scheme is read without regard to case (RFC 9110, section 11.1).
func bearer(header []string) (raw string, ok bool) {
	if len(header) != 1 {
		return "", false
	}
	scheme, raw, _ := strings.Cut(header[0], " ")
	raw = strings.TrimLeft(raw, " ")
	if !strings.EqualFold(scheme, "Bearer") || raw == "" || len(raw) > token.MaxSize {
		return "", false
	}
	for _, not := range []byte(" ,\t") { // one by one, which is much faster than strings.ContainsAny
		if strings.IndexByte(raw, not) >= 0 {
			return "", false
		}
	}
	return raw, true
}

// tokenInQuery tells whether the URL carries a token in the way of RFC 6750, section
// 2.3. It reads the query by hand, because net/url leaves out pairs that it cannot parse.
func tokenInQuery(query string) bool {
	for pair := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil && strings.EqualFold(plain, "access_token") {
			return true
		}
	}
	return false
}

// refuseToken answers a request whose token was not accepted, and that is not for us to
// serve as a guest's.
func refuseToken(w http.ResponseWriter, err error) {
	var p *problem.Error
	if !errors.As(err, &p) {
		p = problem.New(problem.Internal, "The request could not be authenticated.")
	}
	switch p.Code {
	case problem.Unauthenticated:
		refuse(w, http.StatusUnauthorized, p.Code, "invalid_token", p.Message)
	case problem.Unavailable:
		w.Header().Set("Retry-After", "1")
		problem.Write(w, http.StatusServiceUnavailable, p.Code, p.Message)
	default:
		problem.Write(w, p.Code.Status(), p.Code, p.Message)
	}
}

// refuse answers with a challenge (RFC 6750, section 3). description is one of our own
// fixed texts, without quotes.
func refuse(w http.ResponseWriter, status int, code problem.Code, challenge, description string) {
	w.Header().Set("WWW-Authenticate", `Bearer error="`+challenge+`", error_description="`+description+`"`)
	problem.Write(w, status, code, description)
}
