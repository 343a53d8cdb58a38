package engine

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
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

// readParams reads a GraphQL request by GET or POST (GraphQL over HTTP, sections
// 6.1 and 6.3). No error repeats a part of the request.
func readParams(w http.ResponseWriter, r *http.Request, limits Limits) (*graphql.RawParams, error) {
	if r.Method == http.MethodGet {
		return readQuery(r, limits)
	}
	return readBody(w, r, limits)
}

func readBody(w http.ResponseWriter, r *http.Request, limits Limits) (*graphql.RawParams, error) {
	media, params, err := mime.ParseMediaType(strings.Join(r.Header.Values("Content-Type"), ", "))
	if err != nil || media != "application/json" || (params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8")) {
		return nil, refuses(http.StatusUnsupportedMediaType, "The Content-Type of a request is application/json in UTF-8.")
	}
	if encoding := strings.Join(r.Header.Values("Content-Encoding"), ", "); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, refuses(http.StatusUnsupportedMediaType, "The body of a request is not compressed.")
	}
	most := limits.BodyBytes
	tooLarge := beyond(http.StatusRequestEntityTooLarge, limitBody, int(most), "The body of a request has at most %d bytes.", most)
	if r.ContentLength > most { // it is not waited for
		w.Header().Set("Connection", "close")
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(innermost(w), r.Body, most))
	var more *http.MaxBytesError
	if errors.As(err, &more) {
		return nil, tooLarge
	}
	if err != nil {
		return nil, badRequest("The body could not be read.")
	}
	value, err := strictjson.Decode(body, jsonDepth)
	switch {
	case errors.Is(err, strictjson.ErrDepth):
		return nil, tooDeep("variables", limits.VariablesDepth)
	case err != nil:
		return nil, badRequest("The body is refused: %v.", err)
	}
	switch value := value.(type) {
	case map[string]any:
		return paramsOf(value, limits.VariablesDepth)
	case []any:
		return nil, beyond(http.StatusBadRequest, limitBatch, 1, "A request is one operation: batches are not supported.")
	}
	return nil, badRequest("The body of a request is one JSON object.")
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

func readQuery(r *http.Request, limits Limits) (*graphql.RawParams, error) {
	if most := limits.BodyBytes; int64(len(r.URL.RawQuery)) > most {
		return nil, beyond(http.StatusRequestURITooLong, limitBody, int(most), "The address has at most %d bytes.", most)
	}
	all, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badRequest("The parameters of the address cannot be read.")
	}
	members := map[string]any{}
	for name, values := range all {
		if len(values) > 1 {
			return nil, badRequest("A parameter of the address is given twice.")
		}
		if !utf8.ValidString(values[0]) {
			return nil, badRequest("A parameter of the address is not UTF-8.")
		}
		switch name {
		case "query", "operationName", "documentId", "doc_id":
			members[name] = values[0]
		case "variables", "extensions":
			if values[0] == "" {
				continue
			}
			value, err := strictjson.Decode([]byte(values[0]), jsonDepth)
			if errors.Is(err, strictjson.ErrDepth) {
				return nil, tooDeep(name, limits.VariablesDepth)
			}
			if err != nil {
				return nil, badRequest("The parameter %s is refused: %v.", name, err)
			}
			members[name] = value
		}
	}
	if members["operationName"] == "" {
		delete(members, "operationName")
	}
	return paramsOf(members, limits.VariablesDepth)
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

// paramsOf takes the members that a request may have. Others are left alone, as
// the specification keeps them for later. depth bounds how deep variables and extensions nest.
func paramsOf(members map[string]any, depth int) (*graphql.RawParams, error) {
	p := &graphql.RawParams{}
	var ok bool
	name, err := nameOf(members)
	if err != nil {
		return nil, err
	}
	if v := members["query"]; v == nil || v == "" {
		if name == "" {
			return nil, badRequest("The request has no query.")
		}
	} else if p.Query, ok = v.(string); !ok || strings.TrimSpace(p.Query) == "" {
		return nil, badRequest("The query of a request is a text.")
	}
	if v := members["operationName"]; v != nil {
		if p.OperationName, ok = v.(string); !ok {
			return nil, badRequest("The operationName of a request is a text.")
		}
	}
	if v := members["variables"]; v != nil {
		if p.Variables, ok = v.(map[string]any); !ok {
			return nil, badRequest("The variables of a request are an object.")
		}
	}
	if v := members["extensions"]; v != nil {
		if p.Extensions, ok = v.(map[string]any); !ok {
			return nil, badRequest("The extensions of a request are an object.")
		}
	}
	for _, what := range []string{"variables", "extensions"} {
		if deeper(members[what], depth) {
			return nil, tooDeep(what, depth)
		}
	}
	p.Extensions = withName(p.Extensions, name)
	return p, nil
}
