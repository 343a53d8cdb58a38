//go:build faults

package cmd

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/issuer/issuertest"
)

// exchangeOnce asks for an exchange, and takes the first answer.
func (g *tried) exchangeOnce(subject string) reply {
	form := url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "subject_token": {subject}, "subject_token_type": {jwtType},
	}
	begun := time.Now()
	resp, err := g.own.PostForm(strings.TrimSuffix(g.url, "/graphql")+"/oauth/token", form)
	if err != nil {
		return reply{err: err}
	}
	r := read0(resp)
	r.took = time.Since(begun)
	return r
}

// TestFaultsOfIssuers: an identity provider hangs, cuts the line, or says something that makes no sense. Who comes from there is told in time to come later,
// nobody else notices, and nobody who was let in goes out; when it is back they are let in.
func TestFaultsOfIssuers(t *testing.T) {
	const fetched = 6 * time.Second // five, and what a busy machine adds
	for _, fault := range []struct {
		name string
		mode mode
	}{
		{"hangs", swallow},
		{"is down", reset},
		{"says something else", garbage},
		{"is cut off in the middle", truncate},
	} {
		t.Run(fault.name, func(t *testing.T) {
			corp := issuertest.New(t)
			m := between(t, strings.TrimPrefix(corp.URL, "http://"))
			corp.URL = "http://" + m.listener.Addr().String()
			m.be(fault.mode)
			g := try(t, ownRedis(t).url(), "--issuers", issuersFile(t, issuerEntry("corp", corp)))
			before := g.goroutines()
			subject := corp.Token(nil)
			times := busy(t)
			var waits []time.Duration
			others := g.load(1, func() reply {
				time.Sleep(10 * time.Millisecond)
				r := g.guarded()
				waits = append(waits, r.took)
				return r
			})
			stop := g.load(20, func() reply {
				r := g.exchangeOnce(subject)
				time.Sleep(200 * time.Millisecond)
				return r
			})
			time.Sleep(time.Second)
			all := stop()
			counts, _ := tally(others())
			if counts[http.StatusOK] != len(waits) && times == 1 {
				t.Errorf("meanwhile others are answered with %v", counts)
			}
			if p99 := percentile(waits, 99); p99 > probed*times {
				t.Errorf("meanwhile a request takes %s (p99)", p99)
			}
			_, worst := tally(all)
			for _, r := range all {
				if r.status != http.StatusServiceUnavailable || !strings.Contains(r.body, `"temporarily_unavailable"`) || r.header.Get("Retry-After") == "" || r.took > fetched*times {
					t.Errorf("%+v", r)
				}
				g.discreet(r.body)
			}
			t.Logf("%d exchanges are put off, the last after %s; meanwhile a request takes %s (p99)", len(all), worst.Round(time.Millisecond), percentile(waits, 99).Round(time.Millisecond))
			m.be(pass)
			begun := time.Now()
			var in client
			for late := begun.Add(patience * times); in.access == ""; time.Sleep(100 * time.Millisecond) {
				r := g.exchangeOnce(subject)
				in = client{g.program, field(r.body, "access_token"), field(r.body, "refresh_token")}
				if time.Now().After(late) {
					t.Fatalf("it is back, and yet: %+v", r)
				}
			}
			t.Logf("let in again after %s", time.Since(begun).Round(time.Millisecond))
			m.be(fault.mode)
			in.do(`{ viewer { email } }`, nil).ok(t)
			if _, a := in.renew(); a.code() != "" {
				t.Errorf("who was let in cannot go on: %s", a.body)
			}
			if r := g.exchangeOnce(corp.Token(nil)); r.status != http.StatusOK {
				t.Errorf("with a key that is known: %+v", r)
			}
			g.settles(before)
			g.alive()
		})
	}
}
