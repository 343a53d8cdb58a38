package engine

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/strictjson"
)

// jsonDepth bounds how deep JSON nests that is read at all: what stands in it has a limit of its own.
const jsonDepth = MaxVariablesDepth + 8

// refusedRequest is a request that is refused before it is an operation.
type refusedRequest struct {
	status int
	shown  *problem.Error
}

func (e refusedRequest) Error() string { return e.shown.Message }

func refuses(status int, format string, args ...any) error {
	return refusedRequest{status, problem.New(problem.BadRequest, fmt.Sprintf(format, args...))}
}

func badRequest(format string, args ...any) error {
	return refuses(http.StatusBadRequest, format, args...)
}

// beyond refuses a request that passes a limit.
func beyond(status int, limit string, most int, format string, args ...any) error {
	return refusedRequest{status, &problem.Error{
		Code: problem.LimitExceeded, Limit: limit, Most: most, Message: fmt.Sprintf(format, args...),
	}}
}

// promised is how much room a body gets for its Content-Length, before any of it has come: whoever sends no more takes no more.
const promised = 16 << 10

// members are those that a request may have, by the indexes below. Others are left alone, as the specification keeps them for later.
type members [len(memberNames)]any

const (
	memberQuery = iota
	memberOperationName
	memberVariables
	memberExtensions
	memberDocumentID
	memberDocID
)

var memberNames = [...]string{"query", "operationName", "variables", "extensions", "documentId", "doc_id"}

// membersOf takes those out of an object.
func membersOf(object map[string]any) *members {
	var m members
	for i, name := range memberNames {
		m[i] = object[name]
	}
	return &m
}

// readParams reads a GraphQL request into p, by GET or POST (GraphQL over HTTP, sections
// 6.1 and 6.3). No error repeats a part of the request.
func (t transport) readParams(w http.ResponseWriter, r *http.Request, p *graphql.RawParams) error {
	if r.Method == http.MethodGet {
		return readQuery(r, &t.Limits, p)
	}
	return t.readBody(w, r, p)
}

func (t transport) readBody(w http.ResponseWriter, r *http.Request, p *graphql.RawParams) error {
	if !isJSON(r.Header) {
		return refuses(http.StatusUnsupportedMediaType, "The Content-Type of a request is application/json in UTF-8.")
	}
	if encoding := strings.Join(r.Header.Values("Content-Encoding"), ", "); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return refuses(http.StatusUnsupportedMediaType, "The body of a request is not compressed.")
	}
	most := t.Limits.BodyBytes
	if r.ContentLength > most { // it is not waited for
		w.Header().Set("Connection", "close")
		return tooLarge(most)
	}
	body := t.buffers.get()
	defer t.buffers.put(body)
	body.Grow(int(min(max(r.ContentLength, 0), promised)) + bytes.MinRead) // then ReadFrom need not grow it
	in := r.Body
	if r.ContentLength < 0 { // of the others, the server reads no more than they say
		in = http.MaxBytesReader(innermost(w), in, most)
	}
	if _, err := body.ReadFrom(in); err != nil {
		if more := (*http.MaxBytesError)(nil); errors.As(err, &more) {
			return tooLarge(most)
		}
		return badRequest("The body could not be read.")
	}
	var m members
	if err := strictjson.Pick(body.Bytes(), jsonDepth, memberNames[:], m[:]); err != nil {
		return t.unread(body.Bytes(), err)
	}
	return paramsOf(&m, t.Limits.VariablesDepth, p)
}

// isJSON says whether a request's body is JSON in UTF-8.
func isJSON(h http.Header) bool {
	text := strings.Join(h.Values("Content-Type"), ", ")
	if text == mediaJSON {
		return true
	}
	media, params, err := mime.ParseMediaType(text)
	return err == nil && media == mediaJSON && (params["charset"] == "" || strings.EqualFold(params["charset"], "utf-8"))
}

func tooLarge(most int64) error {
	return beyond(http.StatusRequestEntityTooLarge, limitBody, int(most), "The body of a request has at most %d bytes.", most)
}

// unread refuses a body in which no members can be read.
func (t transport) unread(body []byte, err error) error {
	if errors.Is(err, strictjson.ErrSyntax) { // maybe it is only no object
		var value any
		if value, err = strictjson.Decode(body, jsonDepth); err == nil {
			if _, list := value.([]any); list {
				return beyond(http.StatusBadRequest, limitBatch, 1, "A request is one operation: batches are not supported.")
			}
			return badRequest("The body of a request is one JSON object.")
		}
	}
	if errors.Is(err, strictjson.ErrDepth) {
		return tooDeep("variables", t.Limits.VariablesDepth)
	}
	return badRequest("The body is refused: %v.", err)
}

// innermost is the server's own writer, which alone lets MaxBytesReader end the connection
// of a client that sends too much.
func innermost(w http.ResponseWriter) http.ResponseWriter {
	for {
		outer, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = outer.Unwrap()
	}
}

func readQuery(r *http.Request, limits *Limits, p *graphql.RawParams) error {
	if most := limits.BodyBytes; int64(len(r.URL.RawQuery)) > most {
		return beyond(http.StatusRequestURITooLong, limitBody, int(most), "The address has at most %d bytes.", most)
	}
	all, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return badRequest("The parameters of the address cannot be read.")
	}
	var m members
	for name, values := range all {
		if len(values) > 1 {
			return badRequest("A parameter of the address is given twice.")
		}
		if !utf8.ValidString(values[0]) {
			return badRequest("A parameter of the address is not UTF-8.")
		}
		switch i := slices.Index(memberNames[:], name); i {
		case memberQuery, memberOperationName, memberDocumentID, memberDocID:
			m[i] = values[0]
		case memberVariables, memberExtensions:
			if values[0] == "" {
				continue
			}
			value, err := strictjson.Decode([]byte(values[0]), jsonDepth)
			if errors.Is(err, strictjson.ErrDepth) {
				return tooDeep(name, limits.VariablesDepth)
			}
			if err != nil {
				return badRequest("The parameter %s is refused: %v.", name, err)
			}
			m[i] = value
		}
	}
	if m[memberOperationName] == "" {
		m[memberOperationName] = nil
	}
	return paramsOf(&m, limits.VariablesDepth, p)
}

// tooDeep refuses a request of which the variables or extensions nest too deeply.
func tooDeep(what string, most int) error {
	return beyond(http.StatusBadRequest, limitVariables, most, "The %s of a request are nested more deeply than the %d levels that are allowed.", what, most)
}

// deeper says whether a value nests in more levels than most; an object or list is one by itself.
func deeper(value any, most int) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, member := range value {
			if deeper(member, most-1) {
				return true
			}
		}
		return most < 1
	case []any:
		for _, element := range value {
			if deeper(element, most-1) {
				return true
			}
		}
		return most < 1
	}
	return false
}

// paramsOf puts the members of a request into p. depth bounds how deep variables and extensions nest.
func paramsOf(m *members, depth int, p *graphql.RawParams) error {
	var ok bool
	name, err := nameOf(m)
	if err != nil {
		return err
	}
	if v := m[memberQuery]; v == nil || v == "" {
		if name == "" {
			return badRequest("The request has no query.")
		}
	} else if p.Query, ok = v.(string); !ok || strings.TrimSpace(p.Query) == "" {
		return badRequest("The query of a request is a text.")
	}
	if v := m[memberOperationName]; v != nil {
		if p.OperationName, ok = v.(string); !ok {
			return badRequest("The operationName of a request is a text.")
		}
	}
	if v := m[memberVariables]; v != nil {
		if p.Variables, ok = v.(map[string]any); !ok {
			return badRequest("The variables of a request are an object.")
		}
	}
	if v := m[memberExtensions]; v != nil {
		if p.Extensions, ok = v.(map[string]any); !ok {
			return badRequest("The extensions of a request are an object.")
		}
	}
	for _, i := range [...]int{memberVariables, memberExtensions} {
		if deeper(m[i], depth) {
			return tooDeep(memberNames[i], depth)
		}
	}
	p.Extensions = withName(p.Extensions, name)
	return nil
}
