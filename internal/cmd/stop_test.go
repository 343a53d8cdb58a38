package cmd

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestStopLetsRequestsEnd: a request that is under way when the program is told to
// stop is answered, and new ones are not taken.
func TestStopLetsRequestsEnd(t *testing.T) {
	p := startDemo(t)
	address, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const body = `{"query": "{ permissionMatrix { permission } }"}`
	fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		address.Host, len(body))
	answers := bufio.NewReader(conn)
	// The server asks for the body: the request is under way.
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := answers.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	p.cancel()
	eventually(t, "nobody is let in any more", func() bool {
		late, err := net.Dial("tcp", address.Host)
		if err == nil {
			late.Close()
		}
		return err != nil
	})
	select {
	case <-p.ended:
		t.Fatal("the program ended with a request under way")
	default:
	}
	fmt.Fprint(conn, body)
	resp, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatalf("the request was not answered: %v", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d", resp.StatusCode)
	}
	if status := p.stop(); status != 0 {
		t.Errorf("it ended with status %d: %s", status, p.stderr)
	}
}
