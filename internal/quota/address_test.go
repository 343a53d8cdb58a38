package quota

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// TestAddressOf: whose word on where a request comes from is believed.
func TestAddressOf(t *testing.T) {
	trusting := func(networks ...string) (all []netip.Prefix) {
		for _, n := range networks {
			all = append(all, netip.MustParsePrefix(n))
		}
		return all
	}
	for _, row := range []struct {
		name      string
		trusts    []netip.Prefix
		peer      string
		forwarded []string
		want      string
	}{
		{"nobody in between", nil, "192.0.2.1:5", nil, "192.0.2.1"},
		{"nobody is believed", nil, "192.0.2.1:5", []string{"198.51.100.7"}, "192.0.2.1"},
		{"another is believed", trusting("10.0.0.0/8"), "192.0.2.1:5", []string{"198.51.100.7"}, "192.0.2.1"},
		{"a proxy", trusting("10.0.0.0/8"), "10.1.2.3:5", []string{"198.51.100.7"}, "198.51.100.7"},
		{"a proxy that says nothing", trusting("10.0.0.0/8"), "10.1.2.3:5", nil, "10.1.2.3"},
		{"what the client made up", trusting("10.0.0.0/8"), "10.1.2.3:5", []string{"203.0.113.9, 198.51.100.7"}, "198.51.100.7"},
		{"in two headers", trusting("10.0.0.0/8"), "10.1.2.3:5", []string{"203.0.113.9", "198.51.100.7"}, "198.51.100.7"},
		{"two proxies", trusting("10.0.0.0/8", "192.0.2.4/32"), "10.1.2.3:5", []string{"203.0.113.9, 198.51.100.7, 192.0.2.4"}, "198.51.100.7"},
		{"proxies alone", trusting("10.0.0.0/8"), "10.1.2.3:5", []string{"10.9.9.9, 10.8.8.8"}, "10.9.9.9"},
		{"what is no address", trusting("10.0.0.0/8"), "10.1.2.3:5", []string{"198.51.100.7, unknown"}, "10.1.2.3"},
		{"with a port", trusting("10.0.0.0/8"), "10.1.2.3:5", []string{"198.51.100.7:4711"}, "198.51.100.7"},
		{"IPv6", trusting("fd00::/8"), "[fd00::1]:5", []string{"2001:db8::7"}, "2001:db8::7"},
		{"IPv6 with a port", trusting("fd00::/8"), "[fd00::1]:5", []string{"[2001:db8::7]:4711"}, "2001:db8::7"},
		{"IPv4 in IPv6", trusting("10.0.0.0/8"), "[::ffff:10.1.2.3]:5", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: row.peer, Header: http.Header{"X-Forwarded-For": row.forwarded}}
			if got := AddressOf(r, row.trusts).String(); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
}

// FuzzAddressOf: whatever stands in X-Forwarded-For, nobody but a trusted proxy has a request come from elsewhere, and what one
// says is an address that is written there, or its own.
func FuzzAddressOf(f *testing.F) {
	for _, seed := range []string{
		"", "198.51.100.7", "203.0.113.9, 198.51.100.7", "198.51.100.7:80, [2001:db8::1]:443", "10.9.9.9", "x, 198.51.100.7, x", ",,,", "::ffff:198.51.100.7",
		"[2001:db8::1]", "fe80::1%eth0", "198.51.100.7\r\nX-Forwarded-For: 203.0.113.9", "unknown", "_hidden", "0198.051.100.007",
	} {
		f.Add(seed)
	}
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, header string) {
		from := func(peer string) netip.Addr {
			return AddressOf(&http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {header}}}, proxies)
		}
		if got := from("192.0.2.1:5"); got.String() != "192.0.2.1" {
			t.Errorf("%q of who is no proxy has it come from %v", header, got)
		}
		got, own := from("10.1.2.3:5"), netip.MustParseAddr("10.1.2.3")
		written := got == own
		for one := range strings.SplitSeq(header, ",") {
			a, err := forwarded(one)
			written = written || err == nil && a == got
		}
		if !got.IsValid() || !written {
			t.Errorf("%q has it come from %v", header, got)
		}
	})
}
