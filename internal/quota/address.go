package quota

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// AddressOf is where a request comes from: the last of those who passed it on that is none of the proxies, whose word is
// believed. What stands before it in X-Forwarded-For may be made up. It is not valid where the server does not know.
func AddressOf(r *http.Request, proxies []netip.Prefix) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	isProxy := func(a netip.Addr) bool {
		return slices.ContainsFunc(proxies, func(n netip.Prefix) bool { return n.Contains(a) })
	}
	from := at.Addr().Unmap()
	if !isProxy(from) {
		return from
	}
	passed := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(passed) - 1; i >= 0 && isProxy(from); i-- {
		before, err := forwarded(passed[i])
		if err != nil {
			break
		}
		from = before
	}
	return from
}

// forwarded reads an address of X-Forwarded-For; some proxies add the port.
func forwarded(text string) (netip.Addr, error) {
	text = strings.TrimSpace(text)
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap(), nil
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return a.Unmap(), err
}
