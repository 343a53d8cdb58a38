package engine_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/internal/engine"
)

// TestHandshake: what is a WebSocket of ours, and what is refused before it is one.
func TestHandshake(t *testing.T) {
	s := serveSockets(t, holding(logs), func(cfg *engine.Config) { cfg.Origins = []string{"https://app.example"} })
	host := strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/graphql")
	for _, row := range []struct {
		name   string
		set    http.Header // nil removes
		method string      // GET when empty
		status int
	}{
		{name: "as it should be", status: 101},
		{name: "with other subprotocols", set: http.Header{"Sec-Websocket-Protocol": {"graphql-ws, graphql-transport-ws"}}, status: 101},
		{name: "the old subprotocol", set: http.Header{"Sec-Websocket-Protocol": {"graphql-ws"}}, status: 400},
		{name: "no subprotocol", set: http.Header{"Sec-Websocket-Protocol": nil}, status: 400},
		{name: "the subprotocol in capitals", set: http.Header{"Sec-Websocket-Protocol": {"GRAPHQL-TRANSPORT-WS"}}, status: 400},
		{name: "compression is not taken up", set: http.Header{"Sec-Websocket-Extensions": {"permessage-deflate"}}, status: 101},
		{name: "an old version", set: http.Header{"Sec-Websocket-Version": {"8"}}, status: 426},
		{name: "no key", set: http.Header{"Sec-Websocket-Key": nil}, status: 400},
		{name: "a short key", set: http.Header{"Sec-Websocket-Key": {"bWFya2Vy"}}, status: 400},
		{name: "a key that is no Base64", set: http.Header{"Sec-Websocket-Key": {"marker"}}, status: 400},
		{name: "two keys", set: http.Header{"Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAA=="}}, status: 400},
		{name: "no upgrade of the connection", set: http.Header{"Connection": {"keep-alive"}}, status: 400},
		{name: "a page of the gateway", set: http.Header{"Origin": {"http://" + host}}, status: 101},
		{name: "a page of the gateway over TLS", set: http.Header{"Origin": {"https://" + strings.ToUpper(host)}}, status: 101},
		{name: "a page that was allowed", set: http.Header{"Origin": {"https://app.example"}}, status: 101},
		{name: "a page that was allowed with TLS", set: http.Header{"Origin": {"http://app.example"}}, status: 403},
		{name: "another page", set: http.Header{"Origin": {"https://marker.example"}}, status: 403},
		{name: "another port", set: http.Header{"Origin": {"http://127.0.0.1:1"}}, status: 403},
		{name: "a page without origin", set: http.Header{"Origin": {"null"}}, status: 403},
		{name: "an empty origin", set: http.Header{"Origin": {""}}, status: 403},
		{name: "two origins", set: http.Header{"Origin": {"http://" + host, "http://" + host}}, status: 403},
		{name: "an ill-formed origin", set: http.Header{"Origin": {"http://[::marker"}}, status: 403},
		{name: "by POST", method: http.MethodPost, status: 415},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.method == "" {
				row.method = http.MethodGet
			}
			r, err := http.NewRequestWithContext(t.Context(), row.method, s.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header = http.Header{
				"Connection": {"keep-alive, Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
				"Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="}, "Sec-Websocket-Protocol": {subprotocol},
			}
			for name, values := range row.set {
				r.Header[name] = values
			}
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != row.status {
				t.Fatalf("status %d, want %d", resp.StatusCode, row.status)
			}
			if row.status == 101 {
				if resp.Header.Get("Sec-Websocket-Protocol") != subprotocol || resp.Header.Get("Sec-Websocket-Extensions") != "" {
					t.Errorf("%v", resp.Header)
				}
				return
			}
			text := make([]byte, 1000)
			n, _ := resp.Body.Read(text)
			if got := string(text[:n]); !strings.HasPrefix(got, `{"errors":[{`) || strings.Contains(got, "marker") || strings.Contains(got, "data") {
				t.Errorf("%s", got)
			}
		})
	}
}

// TestCallerOfHandshake: a token may come with the request for the socket; one in the initialisation must be of the
// same session.
func TestCallerOfHandshake(t *testing.T) {
	const calls = `> {"id":"1","type":"subscribe","payload":{"query":"subscription { calls { name } }"}}
		running 1
		emit
		< {"id":"1","type":"next","payload":{"data":{"calls":{"name":"⟦Call.name⟧"}}}}`
	for _, row := range []struct{ name, header, script string }{
		{"in the header alone", "signed-in", initGuest + calls},
		{"of the same session", "signed-in", initSigned + calls},
		{"of another session", "signed-in-as-another", `> {"type":"connection_init","payload":{"Authorization":"Bearer signed-in"}}
			close 4400 The request and the initialisation have access tokens of two sessions`},
		{"a bad one in the initialisation", "signed-in", `> {"type":"connection_init","payload":{"Authorization":"Bearer x"}}
			close 4403`},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serveSockets(t, holding(logs))
			s.play(s.dial(http.Header{"Authorization": {"Bearer " + row.header}}), row.script)
		})
	}
	t.Run("sessions have no names", func(t *testing.T) {
		s := serveSockets(t, holding(logs), func(cfg *engine.Config) { cfg.Streams.Session = nil })
		s.play(s.dial(http.Header{"Authorization": {"Bearer signed-in"}}), `> {"type":"connection_init","payload":{"Authorization":"Bearer signed-in"}}
			close 4400`)
	})
}
