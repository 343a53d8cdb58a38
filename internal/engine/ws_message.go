package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/internal/strictjson"
)

// The codes by which sockets are closed, beside those of RFC 6455, section 7.4.1. A client that follows the protocol
// connects again by itself after closeForbidden, and after none of the others but closeTooSlow.
const (
	closeInternal     websocket.StatusCode = 4500
	closeBadRequest   websocket.StatusCode = 4400
	closeUnauthorized websocket.StatusCode = 4401
	closeForbidden    websocket.StatusCode = 4403
	closeTooSlow      websocket.StatusCode = 4408
	closeTwice        websocket.StatusCode = 4409
	closeTooManyInits websocket.StatusCode = 4429
)

// maxReason is how long the reason of a close may be, in bytes (RFC 6455, section 5.5), and maxID how long the id of
// an operation, which comes back with each of its answers.
const (
	maxReason = 123
	maxID     = 256
)

// closing is an error after which a socket is closed.
type closing struct {
	code   websocket.StatusCode
	reason string
}

// Error is the reason, which the client is told.
func (c closing) Error() string { return c.reason }

func closes(code websocket.StatusCode, format string, args ...any) closing {
	reason := fmt.Sprintf(format, args...)
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "")
	}
	return closing{code, reason}
}

// message is one of the protocol's, from a client.
type message struct {
	kind string
	// id is that of the operation that a subscribe or complete is about.
	id string
	// payload is nil where there is none.
	payload map[string]any
}

// readMessage reads what a client sends. What is not of the protocol is an error that closes the socket. It does not
// repeat a part of the text.
func readMessage(text []byte) (m message, err error) {
	value, err := strictjson.DecodeObject(text, jsonDepth)
	if err != nil {
		return m, closes(closeBadRequest, "The message is refused: %v.", err)
	}
	m.kind, _ = value["type"].(string)
	if payload := value["payload"]; payload != nil {
		var is bool
		if m.payload, is = payload.(map[string]any); !is && m.kind != "complete" {
			return m, closes(closeBadRequest, "The payload of a message is an object.")
		}
	}
	switch m.kind {
	case "connection_init", "ping", "pong":
		return m, nil
	case "subscribe", "complete":
		m.id, _ = value["id"].(string)
		if m.id == "" || len(m.id) > maxID {
			return m, closes(closeBadRequest, "The id of an operation is a text of 1 to %d bytes.", maxID)
		}
		if m.kind == "subscribe" {
			return m, checkPayload(m.payload)
		}
		return m, nil
	}
	return m, closes(closeBadRequest, "There is no such type of message from a client.")
}

// checkPayload says what is wrong with the form of a request. What is wrong with the request itself is answered
// to its id. A query may be missing where an extension or an id stands for it.
func checkPayload(payload map[string]any) error {
	is := func(name string, fits func(any) bool) error {
		if v := payload[name]; v != nil && !fits(v) {
			return closes(closeBadRequest, "The payload of a subscribe is a request of GraphQL: %s is of the wrong type.", name)
		}
		return nil
	}
	text := func(v any) bool { _, is := v.(string); return is }
	object := func(v any) bool { _, is := v.(map[string]any); return is }
	for name, fits := range map[string]func(any) bool{"query": text, "operationName": text, "variables": object, "extensions": object} {
		if err := is(name, fits); err != nil {
			return err
		}
	}
	if payload["query"] == nil && payload["extensions"] == nil && payload["documentId"] == nil && payload["doc_id"] == nil {
		return closes(closeBadRequest, "The payload of a subscribe is a request of GraphQL: there is no query.")
	}
	return nil
}

// writeMessage writes a message to a client. payload writes what stands in it, and may be nil.
func writeMessage(out *bytes.Buffer, kind, id string, payload func()) {
	out.WriteString(`{"type":"` + kind + `"`)
	if id != "" {
		name, _ := json.Marshal(id) // a text: cannot fail
		out.WriteString(`,"id":`)
		out.Write(name)
	}
	if payload != nil {
		out.WriteString(`,"payload":`)
		payload()
	}
	out.WriteByte('}')
}

// pong answers a ping with what stands in it.
func (s *socket) pong(payload map[string]any) {
	var out bytes.Buffer
	var echo func()
	if payload != nil {
		echo = func() { s.member(&out, "payload", payload) }
	}
	writeMessage(&out, "pong", "", echo)
	s.write(out.Bytes())
}
