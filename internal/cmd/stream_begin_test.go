package cmd

import (
	"bufio"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestStreamsBeginWhileEventsCome: a stream that begins while something is logged all the time has its headers in peace: the
// race detector sees whether what is charged for the first event writes into them too.
func TestStreamsBeginWhileEventsCome(t *testing.T) {
	p := startDemo(t, "--demo-events", "1ms")
	who := p.as(support)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 10 {
				r := who.request(http.MethodPost, p.url, `{"query": "subscription { productLogs { __typename } }"}`)
				r.Header.Set("Accept", "text/event-stream")
				resp, err := p.http.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				line, err := bufio.NewReader(resp.Body).ReadString('\n')
				if err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(line, ":") || resp.Header.Get("Ratelimit") == "" {
					t.Errorf("%d %v: %q, %v", resp.StatusCode, resp.Header, line, err)
				}
				resp.Body.Close()
			}
		})
	}
	wait.Wait()
}
