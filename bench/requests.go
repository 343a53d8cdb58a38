package bench

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
)

// Requests sends b.N requests, which POST body with an access token, over so many connections that are all busy, and reports
// CPU, that of the clients included. An answer that is not 200, or shorter than so many bytes, fails the benchmark.
func Requests(b *testing.B, connections int, url, token string, body []byte, least int64) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections, DisableCompression: true}}
	defer client.CloseIdleConnections()
	ask := func() error {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}}
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		n, err := io.Copy(io.Discard, answer.Body)
		if err == nil && (answer.StatusCode != http.StatusOK || n < least) {
			err = fmt.Errorf("status %d, %d bytes", answer.StatusCode, n)
		}
		return err
	}
	var asking sync.WaitGroup
	left := make(chan struct{}, connections)
	b.ResetTimer()
	stop := CPU(b)
	for range connections {
		asking.Go(func() {
			for range left {
				if err := ask(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for range b.N {
		left <- struct{}{}
	}
	close(left)
	asking.Wait()
	stop()
}
