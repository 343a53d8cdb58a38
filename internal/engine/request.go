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
	"github.com/fieldgate/fieldgate/internal/strictjson"
)

// jsonDepth bounds how deep a request's JSON nests: its envelope and its variables.
const jsonDepth = 16

// refusedRequest is a request that is refused before it is an operation.
type refusedRequest struct {
	status  int
	message string
}

func (e refusedRequest) Error() string { return e.message }

func badRequest(format string, args ...any) error {
	return refusedRequest{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// readParams reads a GraphQL request by GET or POST (GraphQL over HTTP, sections
// 6.1 and 6.3). No error repeats a part of the request.
func readParams(w http.ResponseWriter, r *http.Request, most int64) (*graphql.RawParams, error) {
	if r.Method == http.MethodGet {
		return readQuery(r, most)
	}
	return readBody(w, r, most)
}

func readBody(w http.ResponseWriter, r *http.Request, most int64) (*graphql.RawParams, error) {
	media, params, err := mime.ParseMediaType(strings.Join(r.Header.Values("Content-Type"), ", "))
	if err != nil || media != "application/json" || (params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8")) {
		return nil, refusedRequest{http.StatusUnsupportedMediaType, "The Content-Type of a request is application/json in UTF-8."}
	}
	if encoding := strings.Join(r.Header.Values("Content-Encoding"), ", "); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, refusedRequest{http.StatusUnsupportedMediaType, "The body of a request is not compressed."}
	}
	tooLarge := refusedRequest{http.StatusRequestEntityTooLarge, fmt.Sprintf("The body of a request has at most %d bytes.", most)}
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
	if err != nil {
		return nil, badRequest("The body is refused: %v.", err)
	}
	members, ok := value.(map[string]any)
	if !ok {
		return nil, badRequest("The body of a request is one JSON object; batches are not supported.")
	}
	return paramsOf(members)
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

func readQuery(r *http.Request, most int64) (*graphql.RawParams, error) {
	if int64(len(r.URL.RawQuery)) > most {
		return nil, refusedRequest{http.StatusRequestURITooLong, fmt.Sprintf("The address has at most %d bytes.", most)}
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
		case "query", "operationName":
			members[name] = values[0]
		case "variables", "extensions":
			if values[0] == "" {
				continue
			}
			value, err := strictjson.Decode([]byte(values[0]), jsonDepth)
			if err != nil {
				return nil, badRequest("The parameter %s is refused: %v.", name, err)
			}
			members[name] = value
		}
	}
	if members["operationName"] == "" {
		delete(members, "operationName")
	}
	return paramsOf(members)
}

// paramsOf takes the members that a request may have. Others are left alone, as
// the specification keeps them for later.
func paramsOf(members map[string]any) (*graphql.RawParams, error) {
	p := &graphql.RawParams{}
	var ok bool
	if v := members["query"]; v == nil || v == "" {
		return nil, badRequest("The request has no query.")
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
	return p, nil
}
