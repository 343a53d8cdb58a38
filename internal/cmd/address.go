package cmd

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/fieldgate/fieldgate/internal/quota"
)

// proxyFlags say who may speak for others.
type proxyFlags struct {
	TrustedProxy []string `help:"Addresses or networks, such as 10.0.0.0/8, of the proxies in front of the gateway: from them X-Forwarded-For is believed. Without one, all that a proxy passes on counts as of one address." placeholder:"CIDR" env:"FIELDGATE_TRUSTED_PROXY"`
}

// proxies are the networks whose word on where a request comes from is believed.
type proxies []netip.Prefix

// proxies reads the networks.
func (f proxyFlags) proxies() (proxies, error) {
	var list proxies
	for _, text := range f.TrustedProxy {
		text = strings.TrimSpace(text)
		if one, err := netip.ParseAddr(text); err == nil {
			list = append(list, netip.PrefixFrom(one.Unmap(), one.Unmap().BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxy takes an address or a network, such as 10.0.0.0/8, and not %q", text)
		}
		list = append(list, network)
	}
	return list, nil
}

// addressed notes in each request where it comes from.
func (p proxies) addressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := quota.AddressOf(r, p)
		r = r.WithContext(quota.WithRequest(r.Context(), from, w.Header()))
		if len(p) > 0 {
			r.RemoteAddr = netip.AddrPortFrom(from, 0).String()
		}
		next.ServeHTTP(w, r)
	})
}
