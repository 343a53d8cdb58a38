package tracing

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"modernc.org/sqlite"
)

func TestSummary(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT sid, date FROM calls WHERE account_sid = $1": "SELECT calls",
		"select 1 from accounts limit 1":                     "SELECT accounts",
		"INSERT INTO api_keys(sid) VALUES ($1)":              "INSERT api_keys",
		"UPDATE users\nSET roles = $1":                       "UPDATE users",
		"DELETE FROM\n\toutbox WHERE id = $1":                "DELETE outbox",
		"WITH x AS (SELECT 1 FROM calls) SELECT * FROM x":    "WITH calls",
		"SELECT 'secret' FROM (SELECT 1)":                    "SELECT",
		`SELECT 1 FROM "secret"`:                             "SELECT",
		"SELECT 1":                                           "SELECT",
		"PRAGMA foreign_keys":                                "PRAGMA",
		"SAVEPOINT secret":                                   "SAVEPOINT",
		"/* secret */ SELECT 1":                              "",
		"UPDATE":                                             "UPDATE",
		"":                                                   "",
	} {
		operation, table := summary(query)
		if got := strings.TrimSpace(operation + " " + table); got != want {
			t.Errorf("%q is summed up as %q, want %q", query, got, want)
		}
	}
}

// recording makes spans that a test can read.
func recording(t *testing.T) (*Traces, *tracetest.InMemoryExporter) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	return &Traces{provider: provider, tracer: provider.Tracer(scope)}, spans
}

// TestErrorsAreNotQuoted: SQL and Redis put values and arguments into the texts of their errors; a span
// has the type of the error.
func TestErrorsAreNotQuoted(t *testing.T) {
	traces, spans := recording(t)
	connector, err := sqlite.NewConnector(":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db := traces.Database("sqlite")(connector)
	defer db.Close()
	mini := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: mini.Addr(), DisableIdentity: true, MaxRetries: -1})
	defer client.Close()
	client.AddHook(traces.Redis())

	calls := func(ctx context.Context) (text string) {
		var n int
		errs := []error{
			client.Set(ctx, "secret-key", "secret-value", 0).Err(),
			client.Incr(ctx, "secret-key").Err(),
			client.Get(ctx, "secret-missing").Err(), // is no error
			client.Do(ctx, "SECRETCOMMAND", "secret-argument").Err(),
			db.QueryRowContext(ctx, "SELECT $1", "secret-value").Scan(&n),
			db.QueryRowContext(ctx, "SELECT 1 FROM sqlite_master WHERE secret_column = 1").Scan(&n),
			db.QueryRowContext(ctx, "SELECT 1 FROM nothing").Scan(&n),
			func() error {
				tx, err := db.BeginTx(ctx, &sql.TxOptions{})
				if err != nil {
					return err
				}
				_, err = tx.ExecContext(ctx, "INSERT INTO nothing VALUES ($1)", "secret-value")
				return fmt.Errorf("%w %w", err, tx.Rollback())
			}(),
		}
		return fmt.Sprint(errs)
	}
	if text := calls(t.Context()); !strings.Contains(text, "no such column: secret") || !strings.Contains(text, "SECRETCOMMAND") {
		t.Errorf("the errors quote nothing, so nothing is shown: %s", text)
	}
	if got := spans.GetSpans(); len(got) > 0 {
		t.Errorf("calls outside of a request: %v", names(got))
	}
	ctx, root := traces.tracer.Start(t.Context(), "root")
	calls(ctx)
	root.End()
	got := spans.GetSpans()
	want := "SET, INCR, GET, SECRETCOMMAND, SELECT, SELECT sqlite_master, SELECT nothing, sql begin_tx, INSERT nothing, sql rollback"
	if list := strings.Join(names(got), ", "); list != want {
		t.Errorf("spans\n%s, want\n%s", list, want)
	}
	text := fmt.Sprintf("%+v", got)
	if strings.Contains(text, "secret") || !strings.Contains(text, "error.type") || strings.Contains(text, mini.Addr()) {
		t.Errorf("the spans: %s", text)
	}
}

// names are those of the spans below the root, but for the reading of rows.
func names(spans tracetest.SpanStubs) []string {
	var all []string
	for _, s := range spans {
		if s.Name != "root" && s.Name != "sql rows" && s.Name != "sql connect" {
			all = append(all, s.Name)
		}
	}
	return all
}
