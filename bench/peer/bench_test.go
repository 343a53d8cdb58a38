package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/bench"
	"github.com/fieldgate/fieldgate/bench/peer/graph/model"
)

// The comparison's requests, on rows of this file's own.
const (
	small = `query W1($n: Int) { account { sid friendlyName status type createdAt apiKeys(first: $n) { sid friendlyName type } } }`
	wide  = `query W2($n: Int) { account { phoneNumbers(first: $n) { sid number friendlyName country voiceEnabled voiceUrl smsUrl createdAt } } }`
	mixed = `query W3($n: Int) { account { sid friendlyName status type region timezone createdAt ownerEmail balance { amount currency }
		phoneNumbers(first: $n) { sid number friendlyName country voiceEnabled voiceUrl smsUrl createdAt }
		apiKeys(first: $n) { sid friendlyName type createdAt lastUsedAt requestsToday secretHint fingerprint }
		usage(first: $n) { id category description date unit count price priceUnit }
		logs(first: $n) { id timestamp level product errorCode message ipAddress payload }
		users { sid email name role status mfaEnabled lastLoginAt createdAt } } }`
)

// rows is an account with so many of everything but users.
func rows(b *testing.B, n int) *model.Account {
	b.Helper()
	s := func(text string) *string { return &text }
	of := func(format string, i int) *string { return s(fmt.Sprintf(format, i)) }
	number := func(i int) *int { return &i }
	a := &model.Account{
		Sid: s("AC00000000000000000000000000000001"), FriendlyName: s("A company"), Status: s("active"), Type: s("Full"), Region: s("ie1"),
		Timezone: s("Europe/Dublin"), CreatedAt: s("2026-01-01T00:00:00Z"), OwnerEmail: s("owner@example.com"),
		Balance: &model.Money{Amount: s("12.50"), Currency: s("EUR")},
	}
	for i := range n {
		yes, price := i%3 != 0, float64(i)/8
		a.PhoneNumbers = append(a.PhoneNumbers, &model.PhoneNumber{
			Sid: of("PN%032x", i), Number: of("+353%09d", i), FriendlyName: of("Line %d", i), Country: s("IE"), VoiceEnabled: &yes,
			VoiceURL: of("https://hooks.example.com/voice/%08x", i), SmsURL: of("https://hooks.example.com/sms/%08x", i), CreatedAt: s("2026-01-02T00:00:00Z"),
		})
		a.APIKeys = append(a.APIKeys, &model.APIKey{
			Sid: of("SK%032x", i), FriendlyName: of("Key %d", i), Type: s("standard"), CreatedAt: s("2026-01-03T00:00:00Z"),
			LastUsedAt: s("2026-02-03T00:00:00Z"), RequestsToday: number(i), SecretHint: s("...ab"), Fingerprint: of("%040x", i),
		})
		a.Usage = append(a.Usage, &model.UsageRecord{
			ID: of("UR%016x", i), Category: s("calls-inbound"), Description: s("calls: inbound"), Date: s("2026-01-04"), Unit: s("minutes"),
			Count: number(i), Price: &price, PriceUnit: s("eur"),
		})
		a.Logs = append(a.Logs, &model.LogEntry{
			ID: of("LG%016x", i), Timestamp: s("2026-01-05T00:00:00Z"), Level: s("error"), Product: s("voice"), ErrorCode: number(11200 + i),
			Message: s("no answer from the webhook"), IPAddress: s("192.0.2.1"), Payload: s(`{"to":"+353000000000"}`),
		})
	}
	return a
}

// asked is a request that can be sent again and again.
type asked struct {
	b       *testing.B
	handler http.Handler
	request *http.Request
	body    *bytes.Reader
	answer  discard
}

// ask makes a request of a role's, and checks its answer once: how many denials it lists.
func ask(b *testing.B, s served, role, query string, n, denials int) *asked {
	b.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": map[string]any{"n": n}})
	if err != nil {
		b.Fatal(err)
	}
	a := &asked{b: b, handler: s.handler, body: bytes.NewReader(body), answer: discard{header: http.Header{}}}
	a.request = httptest.NewRequestWithContext(b.Context(), http.MethodPost, "http://127.0.0.1/graphql", nil)
	a.request.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}, "Authorization": {"Bearer " + s.token(role, "lives", nil)}}
	a.request.ContentLength, a.request.Body = int64(len(body)), io.NopCloser(a.body)
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, a.request)
	if got := strings.Count(w.Body.String(), `"FORBIDDEN"`); w.Code != http.StatusOK || got != denials || strings.Contains(w.Body.String(), `"data":null`) {
		b.Fatalf("%d, %d denials, want %d: %.300s", w.Code, got, denials, w.Body)
	}
	return a
}

// again sends it once more.
func (a *asked) again() {
	a.body.Seek(0, io.SeekStart)
	clear(a.answer.header)
	a.answer.status, a.answer.bytes = http.StatusOK, 0
	a.handler.ServeHTTP(&a.answer, a.request)
	if a.answer.status != http.StatusOK || a.answer.bytes < 100 {
		a.b.Fatalf("status %d, %d bytes", a.answer.status, a.answer.bytes)
	}
}

// discard takes an answer and counts its bytes.
type discard struct {
	header        http.Header
	status, bytes int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { d.bytes += len(p); return len(p), nil }

// workloads are the comparison's, without a network. The last asks for no session.
var workloads = []struct {
	name, role, query string
	n, denials        int
	unchecked         bool
}{
	{"W1", "developer", small, 1, 0, false},
	{"W2", "developer", wide, 1000, 0, false},
	{"W3", "support", mixed, 100, 905, false},
	{"W4", "developer", small, 1, 0, true},
}

// BenchmarkWorkloads is what each of the comparison's requests costs without a network; its sessions are in an embedded Redis.
func BenchmarkWorkloads(b *testing.B) {
	account := rows(b, 1000)
	for _, w := range workloads {
		b.Run(w.name, func(b *testing.B) {
			a := ask(b, serveAccount(b, account, w.unchecked), w.role, w.query, w.n, w.denials)
			b.ReportAllocs()
			stop := bench.CPU(b)
			for b.Loop() {
				a.again()
			}
			stop()
			b.ReportMetric(float64(a.answer.bytes), "answer-B")
		})
	}
}

// BenchmarkSites says where each of the comparison's requests allocates: go test ./bench/peer -run '^$' -bench Sites -benchtime 1x -v
func BenchmarkSites(b *testing.B) {
	account := rows(b, 1000)
	for _, w := range workloads {
		b.Run(w.name, func(b *testing.B) {
			a := ask(b, serveAccount(b, account, w.unchecked), w.role, w.query, w.n, w.denials)
			for b.Loop() {
				bench.Sites(b, 100, a.again)
			}
		})
	}
}

// BenchmarkRows: what a row costs does not depend on how many there are.
func BenchmarkRows(b *testing.B) {
	s := serveAccount(b, rows(b, 10_000), true)
	for _, n := range []int{10, 100, 1000, 10_000} {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			a := ask(b, s, "developer", wide, n, 0)
			b.ReportAllocs()
			stop := bench.CPU(b)
			for b.Loop() {
				a.again()
			}
			stop()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
		})
	}
}

// BenchmarkOperations: what a request costs does not depend on how many operations are remembered, as long as they all are.
func BenchmarkOperations(b *testing.B) {
	s := serveAccount(b, rows(b, 1), true)
	for _, n := range []int{10, 100, 1000, 10_000} {
		b.Run(fmt.Sprintf("operations=%d", n), func(b *testing.B) {
			all := make([]*asked, n)
			for i := range all {
				all[i] = ask(b, s, "developer", strings.Replace(small, "W1", fmt.Sprintf("W1_%d_%d", n, i), 1), 1, 0)
			}
			b.ReportAllocs()
			stop := bench.CPU(b)
			for i := 0; b.Loop(); i++ {
				all[i%n].again()
			}
			stop()
		})
	}
}

// BenchmarkConnections: what a request costs does not depend on how many connections ask at once. Its clients are in the same
// process, and counted.
func BenchmarkConnections(b *testing.B) {
	s := serveAccount(b, rows(b, 100), true)
	server := httptest.NewServer(s.handler)
	b.Cleanup(server.Close)
	body, err := json.Marshal(map[string]any{"query": wide, "variables": map[string]any{"n": 100}})
	if err != nil {
		b.Fatal(err)
	}
	token := s.token("developer", "lives", nil)
	for _, n := range []int{1, 4, 16, 64} {
		b.Run(fmt.Sprintf("connections=%d", n), func(b *testing.B) { bench.Requests(b, n, server.URL+"/graphql", token, body, 1000) })
	}
}
