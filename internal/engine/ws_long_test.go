package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/internal/engine"
)

// TestNothingOfALongAnswerAfterTheEnd: a session that ends while a long answer is on its way ends the answer too, in the
// middle of the message. What the network had taken by then cannot be taken back.
func TestNothingOfALongAnswerAfterTheEnd(t *testing.T) {
	const letters, rows = 200_000, 200 // 40 MB, more than any buffer
	s := serveSockets(t, holding(logs, billing, personal), func(cfg *engine.Config) {
		cfg.Limits.AliasLength, cfg.Limits.BodyBytes, cfg.Sockets.Message = letters, 4*letters, 4*letters
	})
	conn, _, err := websocket.Dial(t.Context(), s.url, &websocket.DialOptions{
		Subprotocols: []string{subprotocol},
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err == nil {
				err = c.(*net.TCPConn).SetReadBuffer(64 << 10)
			}
			return c, err
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 30)
	send := func(text string) {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	send(`{"type":"connection_init","payload":{"Authorization":"Bearer ` + signedInToken + `"}}`)
	if _, _, err := conn.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	query, _ := json.Marshal(fmt.Sprintf("{ calls(first: %d) { %s: name } }", rows, strings.Repeat("a", letters)))
	send(`{"type":"subscribe","id":"1","payload":{"query":` + string(query) + `}}`)
	_, message, err := conn.Reader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	begin := make([]byte, 100)
	if _, err := io.ReadFull(message, begin); err != nil || strings.Contains(string(begin), "errors") {
		t.Fatalf("%v: %s", err, begin)
	}
	s.revoke(errOver)
	n, err := io.Copy(io.Discard, message)
	if code := websocket.CloseStatus(err); code != 4401 || n > letters*rows/2 {
		t.Errorf("%d bytes of the answer came, and then %v", n, err)
	}
}
