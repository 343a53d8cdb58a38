package cmd

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestRawRequests: requests as no client of ours would write them, byte for byte. What two readers could read in two ways is
// refused, or is the last that its connection is listened to for (RFC 9112, sections 6.1 and 11.2).
func TestRawRequests(t *testing.T) {
	t.Parallel()
	p := startDemo(t)
	addr := strings.TrimSuffix(strings.TrimPrefix(p.url, "http://"), "/graphql")
	const (
		body    = `{"query":"{ __typename }"}`
		head    = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		smuggle = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 25\r\n\r\n{\"query\":\"{ smuggled: a\"}"
	)
	length := fmt.Sprintf("Content-Length: %d\r\n", len(body))
	chunk := func(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }
	for _, row := range []struct {
		name, request string
		statuses      []int // of all answers that come before the connection ends
		stays         bool  // the connection is still listened to
	}{
		{"plain", head + length + "\r\n" + body, []int{200}, true},
		{"two in a row", strings.Repeat(head+length+"\r\n"+body, 2), []int{200, 200}, true},
		{"in chunks", head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(body[:5]) + chunk(body[5:]) + "0\r\n\r\n", []int{200}, false},
		{"in chunks, and of a length", head + length + "Transfer-Encoding: chunked\r\n\r\n" + chunk(body) + "0\r\n\r\n" + smuggle, []int{200}, false},
		{"in chunks, and of a length of 0", head + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(body) + "0\r\n\r\n" + smuggle, []int{200}, false},
		{"in chunks, with more after them", head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(body) + "0\r\n\r\n" + smuggle, []int{200}, false},
		{"in chunks by another name", head + "Transfer-Encoding: xchunked\r\n\r\n" + chunk(body) + "0\r\n\r\n", []int{501}, false},
		{"in chunks twice", head + "Transfer-Encoding: chunked, chunked\r\n\r\n" + chunk(body) + "0\r\n\r\n", []int{501}, false},
		{"in chunks and compressed", head + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunk(body) + "0\r\n\r\n", []int{501}, false},
		{"in chunks, in two headers", head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunk(body) + "0\r\n\r\n", []int{501}, false},
		{"in a chunk of no length", head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + body, []int{400}, false},
		{"in chunks with what follows them", head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(body) + "0\r\nContent-Type: text/plain\r\n\r\n", []int{200}, false},
		{"of two lengths", head + length + "Content-Length: 5\r\n\r\n" + body, []int{400}, false},
		{"of two lengths in one", head + "Content-Length: 26, 5\r\n\r\n" + body, []int{400}, false},
		{"of a length with a sign", head + "Content-Length: +26\r\n\r\n" + body, []int{400}, false},
		{"of a length less than none", head + "Content-Length: -1\r\n\r\n" + body, []int{400}, false},
		{"of a length that is too short", head + "Content-Length: 5\r\n\r\n" + body + "\r\n\r\n", []int{400, 400}, false},
		{"of a length without a limit", head + "Content-Length: 99999999999\r\n\r\n" + body, []int{413}, false},
		{"of no length", head + "\r\n" + body + "\r\n\r\n", []int{400, 400}, false},
		{"with a header that goes on in the next line", head + "X-A: b\r\n c\r\n" + length + "\r\n" + body, []int{200}, true},
		{"with a space before the colon", "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type : application/json\r\n" + length + "\r\n" + body, []int{400}, false},
		{"with a zero byte in a header", head + "X-A: a\x00b\r\n" + length + "\r\n" + body, []int{400}, false},
		{"with no host", "POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\n" + length + "\r\n" + body, []int{400}, false},
		{"with two hosts", head + "Host: attacker.example\r\n" + length + "\r\n" + body, []int{400}, false},
		{"to another host in the address", strings.Replace(head, "/graphql", "http://attacker.example/graphql", 1) + length + "\r\n" + body, []int{421}, true},
		{"with headers that are too large", head + "X-A: " + strings.Repeat("a", maxHeader+8<<10) + "\r\n" + length + "\r\n" + body, []int{431}, false},
		{"with very many headers", head + strings.Repeat("X-A: a\r\n", 4000) + length + "\r\n" + body, []int{431}, false},
		{"with a cookie header without end", head + "Cookie: " + strings.Repeat("a=b; ", 6000) + "\r\n" + length + "\r\n" + body, []int{431}, false},
		{"of an old version", strings.Replace(head, "HTTP/1.1", "HTTP/1.0", 1) + length + "\r\n" + body, []int{200}, false},
		{"of a version that is none", strings.Replace(head, "HTTP/1.1", "HTTP/1.2.3", 1) + length + "\r\n" + body, []int{400}, false},
		{"of a version of its own", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{400}, false},
		{"that is none", "{\"query\":\"{ __typename }\"}\r\n\r\n", []int{400}, false},
		{"by HEAD", "HEAD /graphql HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{405}, true},
		{"by CONNECT", "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{404}, true},
		{"by TRACE", "TRACE /graphql HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{405}, true},
		{"to an upgrade that there is not", "GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", []int{400}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
				t.Fatal(err)
			}
			if row.stays { // one more of ours, by which the connection ends
				row.request += "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
				row.statuses = append(row.statuses, 200)
			}
			go func() { _, _ = io.WriteString(conn, row.request) }() // the gateway may not read all of it
			var raw bytes.Buffer
			r, got := bufio.NewReader(io.TeeReader(conn, &raw)), []int{}
			for {
				method := http.MethodPost
				if strings.HasPrefix(row.request, "HEAD") && len(got) == 0 {
					method = http.MethodHead
				}
				resp, err := http.ReadResponse(r, &http.Request{Method: method})
				if err != nil {
					break
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					t.Errorf("answer %d is cut off: %v", len(got)+1, err)
				}
				got = append(got, resp.StatusCode)
			}
			if fmt.Sprint(got) != fmt.Sprint(row.statuses) {
				t.Errorf("statuses %v, want %v:\n%s", got, row.statuses, raw.String())
			}
			if strings.Contains(raw.String(), "smuggled") {
				t.Errorf("what was smuggled in is answered:\n%s", raw.String())
			}
		})
	}
	p.as(owner).do(`{ viewer { sid } }`, nil).ok(t)
}
