package quota

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// request is what is known of a request beside who is signed in.
type request struct {
	address netip.Addr

	mu     sync.Mutex // the operations of a WebSocket share one
	header http.Header
}

type requestKey struct{}

// WithRequest notes in ctx from where a request comes, and the headers of its answer, in which its caller is told how
// much of the budget is left.
func WithRequest(ctx context.Context, address netip.Addr, answer http.Header) context.Context {
	return context.WithValue(ctx, requestKey{}, &request{address: address, header: answer})
}

func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

// neighbourhood is what counts as one address: of IPv6 the first 64 bits, as a household has them all.
func neighbourhood(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, _ := a.Prefix(64) // of an address that has more bits than that
		return p.Addr()
	}
	return a
}

// The headers of a budget, written as net/http writes names, so that it need not write them anew each time.
const (
	headerPolicy = "Ratelimit-Policy"
	headerState  = "Ratelimit"
)

// tell writes the state of a budget into the answer (draft-ietf-httpapi-ratelimit-headers-10). An answer that has begun
// has no place for it any more.
func (r *request) tell(policy string, left int, reset time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := make([]byte, 0, 48)
	state = strconv.AppendInt(append(state, `"cost";r=`...), int64(left), 10)
	state = strconv.AppendInt(append(state, `;t=`...), int64(seconds(reset)), 10)
	r.header.Set(headerPolicy, policy)
	r.header.Set(headerState, string(state))
}

// retry says in the answer's headers when to try again (RFC 9110, section 10.2.3).
func (r *request) retry(after time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.header.Set("Retry-After", strconv.Itoa(seconds(after)))
}

// seconds are whole ones, one at least.
func seconds(d time.Duration) int { return max(int((d+time.Second-1)/time.Second), 1) }
