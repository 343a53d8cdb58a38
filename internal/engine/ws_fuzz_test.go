package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// FuzzMessages: whatever a client sends, line by line, what comes back is of the protocol: nothing but pongs before the
// acknowledgement, answers to ids that were asked for, nothing after the last of them, and either a pong to the last ping
// or a close with a code of the protocol.
func FuzzMessages(f *testing.F) {
	const signed = `{"type":"connection_init","payload":{"Authorization":"Bearer signed-in"}}` + "\n"
	for _, seed := range []string{
		`{"type":"connection_init"}`, signed, `{"type":"ping","payload":{"a":1}}` + "\n" + `{"type":"pong"}`,
		signed + `{"id":"1","type":"subscribe","payload":{"query":"{ hello }"}}`,
		signed + `{"id":"1","type":"subscribe","payload":{"query":"subscription { calls { name price } }"}}` + "\n" + `{"id":"1","type":"complete"}`,
		signed + strings.Repeat(`{"id":"1","type":"subscribe","payload":{"query":"subscription { calls { name } }"}}`+"\n", 2),
		signed + `{"id":"1","type":"subscribe","payload":{"query":"mutation { touch { page { secret } } createKey(input: {}) { key { id } } }"}}`,
		signed + signed, `{"type":"connection_init","payload":{"authorization":"Bearer x"}}`,
		`{"id":"1","type":"subscribe","payload":{"query":"{ hello }"}}`, `{"type":"ping","type":"ping"}`, `[]`, "\x00", `{"type":"next","id":"1"}`,
		signed + `{"id":"\"é","type":"subscribe","payload":{"query":"query($s: Counted) { hello(stamp: $s) }","variables":{"s":"x"},"operationName":null}}`,
		signed + `{"id":"2","type":"subscribe","payload":{"extensions":{"denials":"x"}}}`,
	} {
		f.Add(seed)
	}
	s := serveSockets(f, holding(logs))
	s.visits.Events = nil // one event, and the end
	f.Fuzz(func(t *testing.T, text string) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		conn, _, err := websocket.Dial(ctx, s.url, &websocket.DialOptions{Subprotocols: []string{subprotocol}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		conn.SetReadLimit(-1)
		asked, sent := map[string]int{}, strings.Split(text, "\n")
		go func() {
			for _, message := range append(sent, `{"type":"ping","payload":{"the":"very last"}}`) {
				if conn.Write(ctx, websocket.MessageText, []byte(message)) != nil {
					return // closed already, which shows
				}
			}
		}()
		for _, message := range sent {
			var m struct{ Type, ID string }
			if json.Unmarshal([]byte(message), &m) == nil {
				asked[m.ID]++
			}
		}
		for acknowledged := false; ; {
			_, got, err := conn.Read(ctx)
			var closed websocket.CloseError
			if errors.As(err, &closed) {
				switch closed.Code {
				case 1009, 4400, 4401, 4403, 4409, 4429:
					return
				}
				t.Fatalf("closed with %v after %q", closed, text)
			}
			if err != nil {
				if ctx.Err() == nil {
					return // the close was lost among what was still being sent
				}
				t.Fatalf("%v after %q", err, text)
			}
			var m struct {
				Type, ID string
				Payload  json.RawMessage
			}
			if err := json.Unmarshal(got, &m); err != nil {
				t.Fatalf("%v: %q", err, got)
			}
			switch m.Type {
			case "connection_ack":
				if acknowledged {
					t.Fatalf("acknowledged twice: %q", text)
				}
				acknowledged = true
			case "pong":
				if equalJSON(string(m.Payload), `{"the":"very last"}`) {
					return
				}
			case "next", "error", "complete":
				if !acknowledged || asked[m.ID] == 0 {
					t.Fatalf("%s after %q", got, text)
				}
				if m.Type != "next" {
					asked[m.ID]--
				}
			default:
				t.Fatalf("%s after %q", got, text)
			}
		}
	})
}
