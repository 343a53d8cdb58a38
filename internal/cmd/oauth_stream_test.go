package cmd

import (
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/store/demo"
)

// TestStreamsToOAuthClientsEnd: what is sent to a client ends when it is deleted, or its creator's roles change, by
// whichever of two gateways, and leaves its creator's own streams in the first case.
func TestStreamsToOAuthClientsEnd(t *testing.T) {
	r := startRedis(t)
	arguments := []string{"--data", demoData(t), "--demo-password", password, "--redis-url", r.url(), "--demo-events", "0"}
	one, other := start(t, arguments...), start(t, arguments...)
	b := busOn(t, r.url())
	call := logged(t, one.as(owner))["CALL"]
	const calls = `subscription { productLogs { ... on Call { sid price { amount } } } }`
	logs := grants{grantOf("PRODUCT_LOGS", "READ")}
	for _, row := range []struct {
		name string
		do   func(c oauthClient)
		want string
	}{
		{"it is deleted", func(c oauthClient) { one.as(owner).do(deleteClient, vars{"id": c.id}).ok(t) }, "The session has ended."},
		{"its creator's roles change", func(oauthClient) { one.setRoles(t, developer, "SUPPORT") }, "The access token is out of date."},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := one.as(developer).makeClient("Reader", logs)
			robot := one.asClient(c)
			creators := client{other, one.as(developer).access, ""}.subscribe(calls)
			defer creators.cancel()
			streams := []*stream{robot.subscribe(calls), client{p: other, access: robot.access}.subscribe(calls)}
			b.tell(demo.Main(), "CALL", call)
			for _, s := range append(streams, creators) {
				if a := s.next(); a.text("productLogs", "sid") != call || a.code() != "FORBIDDEN" {
					t.Errorf("an event is %s", a.body)
				}
			}
			row.do(c)
			for _, s := range streams {
				last, took := s.ended()
				if last.code() != "UNAUTHENTICATED" || last.hasData || !strings.Contains(last.body, row.want) || took > 2*time.Second {
					t.Errorf("after %v: %s", took, last.body)
				}
			}
			if row.name != "it is deleted" {
				return
			}
			b.tell(demo.Main(), "CALL", call)
			if a := creators.next(); a.text("productLogs", "sid") != call {
				t.Errorf("to its creator comes %s", a.body)
			}
		})
	}
}
