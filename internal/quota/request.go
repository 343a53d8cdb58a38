package quota

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// Request is the context of a request that comes from somewhere, and whose answer has headers in which its caller is told
// how much of the budget is left.
type Request struct {
	context.Context
	address netip.Addr

	mu     sync.Mutex // the operations of a WebSocket share one
	header http.Header
	state  [1]string // the value of headerState
}

type requestKey struct{}

// In begins the request in ctx, and returns r.
func (r *Request) In(ctx context.Context, address netip.Addr, answer http.Header) context.Context {
	r.Context, r.address, r.header = ctx, address, answer
	return r
}

// Value implements context.Context.
func (r *Request) Value(key any) any {
	if key == (requestKey{}) {
		return r
	}
	return r.Context.Value(key)
}

func requestOf(ctx context.Context) *Request {
	r, _ := ctx.Value(requestKey{}).(*Request)
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
// has no place for it any more. policy is shared by all answers.
func (r *Request) tell(policy []string, left int, reset time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := make([]byte, 0, 48)
	state = strconv.AppendInt(append(state, `"cost";r=`...), int64(left), 10)
	state = strconv.AppendInt(append(state, `;t=`...), int64(seconds(reset)), 10)
	r.state[0] = string(state)
	r.header[headerPolicy], r.header[headerState] = policy, r.state[:]
}

// retry says in the answer's headers when to try again (RFC 9110, section 10.2.3).
func (r *Request) retry(after time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.header.Set("Retry-After", strconv.Itoa(seconds(after)))
}

// seconds are whole ones, one at least.
func seconds(d time.Duration) int { return max(int((d+time.Second-1)/time.Second), 1) }
