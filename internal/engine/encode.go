package engine

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
	"github.com/vektah/gqlparser/v2/ast"
)

const (
	// packedSize is how long an answer is that is worth compressing: a shorter one fits into one packet anyway.
	packedSize = 1400
	// keptBuffer is the largest buffer that is kept for the next answer.
	keptBuffer = 1 << 20
)

// buffers are those in which answers are put together.
type buffers struct{ pool sync.Pool }

// get is an empty buffer.
func (b *buffers) get() *bytes.Buffer {
	if out, ok := b.pool.Get().(*bytes.Buffer); ok {
		return out
	}
	return new(bytes.Buffer)
}

// put gives a buffer back, but for one that a huge answer has blown up.
func (b *buffers) put(out *bytes.Buffer) {
	if out.Cap() <= keptBuffer {
		out.Reset()
		b.pool.Put(out)
	}
}

// newPacker compresses what a handler writes, for who takes it so (RFC 9110, section 12.5.3). The length of what is
// compressed tells what it has in common with what the request put into it (BREACH). No other site can ask as one of
// our users, which such an attack takes; the length is blurred all the same.
func newPacker() (func(http.Handler) http.HandlerFunc, error) {
	return gzhttp.NewWrapper(
		gzhttp.MinSize(packedSize), gzhttp.CompressionLevel(gzip.BestSpeed), gzhttp.EnableZstd(false),
		gzhttp.ContentTypeFilter(gzhttp.CompressAllContentTypeFilter), gzhttp.RandomJitter(32, 16<<10, false),
	)
}

// write sends the answer to an operation, and compresses it when that is worth it. Answers to mutations hold tokens and
// secrets, and stay as they are.
func (t transport) write(w http.ResponseWriter, r *http.Request, media string, op *graphql.OperationContext, resp *answer) {
	out := t.buffers.get()
	defer t.buffers.put(out)
	head, rest := t.parts(out, resp)
	size := len(head) + len(rest)

	status := statusOf(media, resp)
	header := w.Header()
	if status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", "Bearer")
	}
	if status == http.StatusServiceUnavailable {
		header.Set("Retry-After", "1")
	}
	header["Content-Type"] = typeResponse
	if media == mediaJSON {
		header["Content-Type"] = typeJSON
	}
	header["Content-Length"] = []string{strconv.Itoa(size)}
	if size >= packedSize && r.Header["Accept-Encoding"] != nil && op != nil && op.Operation != nil && op.Operation.Operation == ast.Query {
		packed(header)
		t.pack(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { t.send(w, status, head, rest) }))(w, r)
		return
	}
	t.send(w, status, head, rest)
}

// send writes an answer of two parts.
func (t transport) send(w http.ResponseWriter, status int, head, rest []byte) {
	w.WriteHeader(status)
	var err error
	if len(head) > 0 {
		_, err = w.Write(head)
	}
	if err == nil {
		_, err = w.Write(rest)
	}
	if err != nil {
		t.Log.Debug("the client went away", "error", err)
	}
}

// encode writes an answer as JSON. What the executor encoded is not encoded again.
func (t transport) encode(out *bytes.Buffer, resp *answer) {
	t.begin(out, resp)
	out.Write(resp.Data)
	t.end(out, resp)
}

// parts are those of an answer that is sent as it is: what the data is kept in is not copied. They are good until out
// is used again or the answer is released.
func (t transport) parts(out *bytes.Buffer, resp *answer) (head, rest []byte) {
	if w := resp.writer; w != nil && !resp.failed() {
		t.end(out, resp)
		w.buf = append(append(w.buf, out.Bytes()...), '\n')
		return nil, w.buf
	}
	t.begin(out, resp)
	begun := out.Len()
	t.end(out, resp)
	out.WriteByte('\n')
	head, rest = out.Bytes()[:begun], out.Bytes()[begun:]
	if w := resp.writer; w != nil {
		w.buf = append(w.buf, rest...)
		return head, w.buf[len(opening):]
	}
	return head, append(resp.Data, rest...)
}

// begin writes what comes before the data.
func (t transport) begin(out *bytes.Buffer, resp *answer) {
	out.WriteByte('{')
	if resp.failed() {
		out.WriteString(`"errors":`)
		if len(resp.denied) > 0 {
			out.Write(appendErrors(out.AvailableBuffer(), resp.denied))
		} else {
			t.member(out, "errors", resp.Errors)
		}
		if resp.Data != nil {
			out.WriteByte(',')
		}
	}
	if resp.Data != nil {
		out.WriteString(`"data":`)
	}
}

// end writes what comes after the data.
func (t transport) end(out *bytes.Buffer, resp *answer) {
	if len(resp.Extensions) > 0 {
		if resp.Data != nil || resp.failed() {
			out.WriteByte(',')
		}
		out.WriteString(`"extensions":`)
		t.member(out, "extensions", resp.Extensions)
	}
	out.WriteByte('}')
}

// member writes the value of a member of the answer's envelope.
func (t transport) member(out *bytes.Buffer, name string, value any) {
	body, err := json.Marshal(value)
	if err != nil { // nothing that the engine puts there fails to encode
		t.Log.Error("an answer could not be encoded", "member", name, "error", err)
		body = []byte("null")
	}
	out.Write(body)
}

// statusOf is the status of an answer (GraphQL over HTTP, sections 6.4.1 and 6.4.2).
// As application/json a well-formed request is answered with 200, for old clients;
// an operation that ran is answered with 200 in any case.
func statusOf(media string, resp *answer) int {
	if resp.Data != nil || len(resp.Errors) == 0 {
		return http.StatusOK
	}
	code := codeOf(resp.Errors[0])
	if media == mediaJSON && code != problem.RateLimited { // which is about requests, not about this one's text
		return http.StatusOK
	}
	return code.Status()
}
