package cmd

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// A way is how a request reaches the gateway. What a caller may and what is too much does not depend on it.
type way struct {
	name string
	ask  func(c client, members vars) answer
}

// ways are all that there are; GET takes queries alone.
var ways = []way{{"POST", client.named}, {"GET", client.byGet}, {"SSE", client.byEvents}, {"WebSocket", client.bySocket}}

// byGet sends a request in an address.
func (c client) byGet(members vars) answer {
	c.p.t.Helper()
	values := url.Values{}
	for name, value := range members {
		text, is := value.(string)
		if !is {
			encoded, err := json.Marshal(value)
			if err != nil {
				c.p.t.Fatal(err)
			}
			text = string(encoded)
		}
		values.Set(name, text)
	}
	return c.send(c.request(http.MethodGet, c.p.url+"?"+values.Encode(), ""))
}

// byEvents sends a request whose answer is a stream of events that ends, and gives the first of them.
func (c client) byEvents(members vars) answer {
	c.p.t.Helper()
	body, err := json.Marshal(members)
	if err != nil {
		c.p.t.Fatal(err)
	}
	query, _ := members["query"].(string)
	return c.p.patiently(repeatable(query), func() answer {
		r := c.request(http.MethodPost, c.p.url, string(body))
		r.Header.Set("Accept", "text/event-stream")
		a := c.sendOnce(r)
		if text, is := strings.CutPrefix(a.body, "event: next\ndata: "); is {
			a.body, _, _ = strings.Cut(text, "\n")
			if err := a.parse([]byte(a.body)); err != nil {
				c.p.t.Fatal(err)
			}
		}
		return a
	})
}

// bySocket sends a request over a WebSocket of its own. Where that is closed, the body says how.
func (c client) bySocket(members vars) answer {
	c.p.t.Helper()
	query, _ := members["query"].(string)
	return c.p.patiently(repeatable(query), func() answer { return c.overSocket(members) })
}

func (c client) overSocket(members vars) answer {
	c.p.t.Helper()
	s := c.socket()
	defer s.conn.CloseNow()
	s.send("subscribe", "asked", members)
	m, closed := s.read()
	a := answer{status: http.StatusOK, body: string(m.Payload)}
	switch {
	case closed.Code != 0:
		return answer{body: closed.Error()}
	case m.Type == "error":
		a.body = `{"errors":` + a.body + `}`
	}
	if err := a.parse([]byte(a.body)); err != nil {
		c.p.t.Fatal(err)
	}
	return a
}
