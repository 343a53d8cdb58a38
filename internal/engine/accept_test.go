package engine

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// TestAccepted: what is answered to whom, by the headers that clients send (RFC 9110, section 12.5.1).
func TestAccepted(t *testing.T) {
	for _, row := range []struct {
		name, accept, want string
	}{
		{"the audit of graphql-http", "application/graphql-response+json", mediaResponse},
		{"Apollo Client", "application/graphql-response+json,application/json;q=0.9", mediaResponse},
		{"urql, a query", "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed", mediaResponse},
		{"urql, a subscription", "text/event-stream, multipart/mixed", mediaStream},
		{"graphql-sse", "text/event-stream", mediaStream},
		{"a browser's EventSource", "text/event-stream", mediaStream},
		{"fetch", "*/*", mediaJSON},
		{"a browser's address line", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", mediaJSON},
		{"a stream, or else anything", "text/event-stream, */*", mediaStream},
		{"anything, or else a stream", "*/*, text/event-stream", mediaJSON},
		{"a stream by weight", "application/json;q=0.5, text/event-stream;q=0.9", mediaStream},
		{"no stream by weight", "text/event-stream;q=0.5, application/json;q=0.9", mediaJSON},
		{"no stream at all", "text/event-stream;q=0", ""},
		{"a stream in another case", "Text/Event-Stream", mediaStream},
		{"any text", "text/*", ""},
		{"a stream in another charset", "text/event-stream; charset=utf-16", ""},
		{"a weight that is none", "application/json;q=7, application/graphql-response+json;q=0.1", mediaResponse},
		{"a weight that is no number", "application/json;q=NaN", ""},
		{"nothing", "", ""},
	} {
		if got := accepted(http.Header{"Accept": {row.accept}}); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
	if got := accepted(http.Header{}); got != mediaJSON {
		t.Errorf("without the header: %q", got)
	}
}

// TestBuffers: what is kept for the next answer is empty, and not what a huge one has left.
func TestBuffers(t *testing.T) {
	var b buffers
	for _, size := range []int{100, keptBuffer, 10 * keptBuffer} {
		out := b.get()
		if out.Len() != 0 || out.Cap() > keptBuffer {
			t.Fatalf("a buffer of %d bytes, %d of them used", out.Cap(), out.Len())
		}
		out.WriteString(strings.Repeat("x", size))
		b.put(out)
	}
	huge := bytes.NewBuffer(make([]byte, 0, 10*keptBuffer))
	b.put(huge)
	if b.get() == huge {
		t.Error("a huge buffer is kept")
	}
}
