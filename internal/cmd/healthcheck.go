package cmd

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// healthcheck asks a gateway on this machine how it is: in a container of this program alone there is
// nothing else that could.
type healthcheck struct {
	Listen string `help:"The address that the gateway listens on." default:"127.0.0.1:8080" env:"FIELDGATE_LISTEN"`
	Ready  bool   `help:"Ask whether it can serve, not only whether it lives."`
}

// probeTime bounds how long the gateway may take to answer.
const probeTime = 3 * time.Second

// Run returns nil when the gateway answers that all is well.
func (h healthcheck) Run(ctx context.Context, o output) error {
	host, port, err := net.SplitHostPort(h.Listen)
	if err != nil {
		return fmt.Errorf("--listen takes HOST:PORT, such as 127.0.0.1:8080: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	path := "/healthz"
	if h.Ready {
		path = "/readyz"
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+path, nil)
	if err != nil {
		return err
	}
	// Its own transport has no proxy, which the environment may name.
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return fmt.Errorf("the gateway does not answer: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the gateway answers %s with %s", path, resp.Status)
	}
	_, err = fmt.Fprintln(o.out, "ok")
	return err
}
