package oauth

import (
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxBody bounds a request, in bytes: a token of another issuer may be long.
const maxBody = 32 << 10

// maxAgent is how much is kept of a client's own description, in characters.
const maxAgent = 100

// Request is what a client has asked for.
type Request struct {
	// Params are the parameters, each given once and none of them empty, without those by which the client
	// authenticates itself. Unknown ones are there too, and to be ignored (RFC 6749, section 3.2).
	Params map[string]string
	// Client is who the client says it is, nil when it does not. Nothing of it has been checked.
	Client *Credentials
	// Address is the IP address that the request came from.
	Address string
	// Agent is what the client says it is, by its User-Agent header, so that people can tell their sessions apart.
	Agent string
}

// Credentials are a client's (RFC 6749, section 2.3.1).
type Credentials struct {
	ID     string
	Secret string // "" when the client only named itself, as one does that has no secret
	Basic  bool   // whether they came in the Authorization header
}

// read reads a request, and refuses one that could be read in two ways.
func read(w http.ResponseWriter, r *http.Request) (Request, error) {
	switch mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		return Request{}, &Error{Code: InvalidRequest, Status: http.StatusMethodNotAllowed, Description: "Use POST."}
	case r.URL.RawQuery != "" || r.URL.ForceQuery:
		return Request{}, refuse(InvalidRequest, "Parameters go into the body, not into the URL.")
	case err != nil, len(r.Header.Values("Content-Type")) != 1, mediaType != "application/x-www-form-urlencoded",
		params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8"):
		return Request{}, &Error{Code: InvalidRequest, Status: http.StatusUnsupportedMediaType, Description: "The body is application/x-www-form-urlencoded."}
	case r.Header.Get("Content-Encoding") != "":
		return Request{}, &Error{Code: InvalidRequest, Status: http.StatusUnsupportedMediaType, Description: "The body is not compressed."}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return Request{}, &Error{Code: InvalidRequest, Status: http.StatusRequestEntityTooLarge, Description: "The body is too large."}
	case err != nil:
		return Request{}, refuse(InvalidRequest, "The body did not arrive whole.")
	}
	params, err := parameters(string(body))
	if err != nil {
		return Request{}, err
	}
	client, err := credentials(r, params)
	if err != nil {
		return Request{}, err
	}
	delete(params, "client_id")
	delete(params, "client_secret")
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	return Request{Params: params, Client: client, Address: address, Agent: agent(r.UserAgent())}, nil
}

// parameters reads a form. A parameter without a value is as one that is not there, and one that is there twice makes
// the request invalid (RFC 6749, section 3.2).
func parameters(body string) (map[string]string, error) {
	form, err := url.ParseQuery(body)
	if err != nil {
		return nil, refuse(InvalidRequest, "The body is not well-formed.")
	}
	params := make(map[string]string, len(form))
	for name, values := range form {
		switch {
		case len(values) != 1:
			return nil, refuse(InvalidRequest, "A parameter is given twice.")
		case !plain(name) || !plain(values[0]):
			return nil, refuse(InvalidRequest, "A parameter is not plain text in UTF-8.")
		case values[0] != "":
			params[name] = values[0]
		}
	}
	return params, nil
}

// plain tells whether text is UTF-8 without control characters.
func plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// credentials are those of the client, from the Authorization header or the body, but not from both (RFC 6749, section
// 2.3).
func credentials(r *http.Request, params map[string]string) (*Credentials, error) {
	id, secret := params["client_id"], params["client_secret"]
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		switch {
		case id == "" && secret == "":
			return nil, nil
		case id == "":
			return nil, refuse(InvalidRequest, "The parameter client_id is missing.")
		}
		return &Credentials{ID: id, Secret: secret}, nil
	}
	unread := &Error{Code: InvalidClient, Description: "The Authorization header is not that of a client: Basic, with its id and its secret."}
	name, password, ok := r.BasicAuth()
	if !ok || len(headers) != 1 {
		return nil, unread
	}
	basic := &Credentials{Basic: true}
	var err, alsoErr error
	basic.ID, err = url.QueryUnescape(name)
	basic.Secret, alsoErr = url.QueryUnescape(password)
	switch {
	case err != nil, alsoErr != nil, basic.ID == "", !plain(basic.ID), !plain(basic.Secret):
		return nil, unread
	case secret != "", id != "" && id != basic.ID:
		return nil, refuse(InvalidRequest, "The client authenticates itself twice: use the Authorization header or the body.")
	}
	return basic, nil
}

// agent is what is kept of a User-Agent header.
func agent(text string) string {
	text = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, text)
	if runes := []rune(text); len(runes) > maxAgent {
		text = string(runes[:maxAgent])
	}
	return text
}
