package cmd

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/bench"
	"github.com/fieldgate/fieldgate/internal/store/demo"
)

// BenchmarkGatewayAgainstPlain measures the program's own handler by the least that could answer the same: the list of
// numbers by a handler that reads the same rows of the same file with database/sql and writes them in a loop written by
// hand, and checks nothing; the small query by a handler that does nothing at all. The two take turns. "called", each is
// handed the request and its answer is thrown away: there is nothing in the figures but the handlers. "served", they
// answer a client in this process through a connection to 127.0.0.1, which costs both the same.
func BenchmarkGatewayAgainstPlain(b *testing.B) {
	data := demoData(b)
	gateway, token := handlerFor(b, data, owner)
	for _, row := range []struct {
		name, query string
		plain       http.Handler
	}{
		{"small", smallQuery, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})},
		{"numbers=1000x8", numbersList, plainNumbers(b, data)},
	} {
		body, err := json.Marshal(vars{"query": row.query})
		if err != nil {
			b.Fatal(err)
		}
		plain, ours := &sink{keep: true}, &sink{keep: true}
		plain.serve(b, row.plain, token, body)
		ours.serve(b, gateway, token, body)
		if plain.bytes > 0 && plain.text.String() != strings.TrimSpace(ours.text.String()) {
			b.Fatalf("%s: the plain handler answers %.300s, the gateway %.300s", row.name, plain.text.String(), ours.text.String())
		}
		plain.keep, ours.keep = false, false
		b.Run(row.name+"/called", func(b *testing.B) {
			bench.Against(b, func() { plain.serve(b, row.plain, token, body) }, func() { ours.serve(b, gateway, token, body) })
		})
		b.Run(row.name+"/served", func(b *testing.B) {
			bench.Against(b, throughServer(b, row.plain, token, body), throughServer(b, gateway, token, body))
		})
	}
}

// throughServer asks a server that has this handler, once each time.
func throughServer(b *testing.B, h http.Handler, token string, body []byte) func() {
	s := httptest.NewServer(h)
	b.Cleanup(s.Close)
	return func() {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, s.URL+"/graphql", bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := s.Client().Do(r)
		if err != nil {
			b.Fatal(err)
		}
		defer answer.Body.Close()
		if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
			b.Fatalf("status %d, %v", answer.StatusCode, err)
		}
	}
}

// plainNumbers answers what numbersList asks for.
func plainNumbers(b *testing.B, data string) http.Handler {
	db, err := sql.Open("sqlite", filepath.Join(data, "fieldgate.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rows, err := db.QueryContext(r.Context(), `SELECT sid, phone_number, friendly_name, status, voice_url, sms_url, date_created, date_updated
			FROM phone_numbers WHERE account_sid = $1 ORDER BY sid LIMIT 1000`, demo.Main().SID)
		if err != nil {
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		defer rows.Close()
		out := append(make([]byte, 0, 512<<10), `{"data":{"account":{"phoneNumbers":{"edges":[`...)
		for n := 0; rows.Next(); n++ {
			var sid, number, name, status string
			var voice, sms sql.NullString
			var created, updated int64
			if err := rows.Scan(&sid, &number, &name, &status, &voice, &sms, &created, &updated); err != nil {
				http.Error(w, "", http.StatusInternalServerError)
				return
			}
			if n > 0 {
				out = append(out, ',')
			}
			out = appendText(append(out, `{"node":{"sid":`...), sid)
			out = appendText(append(out, `,"phoneNumber":`...), number)
			out = appendText(append(out, `,"friendlyName":`...), name)
			out = appendText(append(out, `,"status":`...), status)
			out = appendTextOrNull(append(out, `,"voiceUrl":`...), voice)
			out = appendTextOrNull(append(out, `,"smsUrl":`...), sms)
			out = appendMoment(append(out, `,"dateCreated":`...), created)
			out = appendMoment(append(out, `,"dateUpdated":`...), updated)
			out = append(out, "}}"...)
		}
		if rows.Err() != nil {
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(append(out, "]}}}}"...))
	})
}

// appendText writes a text as JSON. The demo has none of which a character would have to be escaped.
func appendText(out []byte, text string) []byte {
	return append(append(append(out, '"'), text...), '"')
}

func appendTextOrNull(out []byte, text sql.NullString) []byte {
	if !text.Valid {
		return append(out, "null"...)
	}
	return appendText(out, text.String)
}

func appendMoment(out []byte, micros int64) []byte {
	out = append(out, '"')
	return append(time.UnixMicro(micros).UTC().AppendFormat(out, time.RFC3339Nano), '"')
}
