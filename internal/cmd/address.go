package cmd

import (
	"fmt"
	"net/netip"
	"strings"
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
