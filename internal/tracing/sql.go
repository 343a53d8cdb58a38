package tracing

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Database opens a database of which each call that a recorded request makes has a span. system is what it is, such as
// "sqlite" or "postgresql".
func (t *Traces) Database(system string) func(driver.Connector) *sql.DB {
	return func(c driver.Connector) *sql.DB {
		return otelsql.OpenDB(c,
			otelsql.WithTracerProvider(t.provider),
			otelsql.WithMeterProvider(noop.NewMeterProvider()),
			otelsql.WithAttributes(semconv.DBSystemNameKey.String(system)),
			otelsql.WithSpanNameFormatter(func(_ context.Context, m otelsql.Method, query string) string { return nameOf(m, query) }),
			otelsql.WithAttributesGetter(func(_ context.Context, _ otelsql.Method, query string, _ []driver.NamedValue) []attribute.KeyValue {
				return about(query)
			}),
			otelsql.WithSpanErrorAttributesGetter(func(err error) []attribute.KeyValue {
				return []attribute.KeyValue{semconv.ErrorTypeKey.String(fmt.Sprintf("%T", err))}
			}),
			otelsql.WithSpanOptions(otelsql.SpanOptions{
				DisableQuery:         true,
				DisableErrSkip:       true,
				OmitConnResetSession: true,
				OmitConnPrepare:      true,
				RowsChildOfQuery:     true,
				// A database quotes values in the texts of its errors.
				RecordError: func(error) bool { return false },
				SpanFilter: func(ctx context.Context, _ otelsql.Method, _ string, _ []driver.NamedValue) bool {
					return recorded(ctx)
				},
			}),
		)
	}
}

// nameOf names a call: a statement by what it does and to what, anything else by its last word, such as "begin_tx".
func nameOf(m otelsql.Method, query string) string {
	if query == "" {
		return "sql " + string(m[strings.LastIndex(string(m), ".")+1:])
	}
	operation, table := summary(query)
	return strings.TrimSpace(operation + " " + table)
}

// about is what a span says of a statement.
func about(query string) []attribute.KeyValue {
	operation, table := summary(query)
	if operation == "" {
		return nil
	}
	attributes := []attribute.KeyValue{semconv.DBOperationName(operation)}
	if table != "" {
		attributes = append(attributes, semconv.DBCollectionName(table))
	}
	return attributes
}

// summary finds what a statement does, and the first table that it does that to. It is never more than
// a word of SQL and a name.
func summary(query string) (operation, table string) {
	words := strings.Fields(query)
	if len(words) == 0 {
		return "", ""
	}
	operation = strings.ToUpper(words[0])
	before := map[string]string{"SELECT": "FROM", "DELETE": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE", "WITH": "FROM"}[operation]
	if before == "" {
		return name(operation), ""
	}
	for i, word := range words[:len(words)-1] {
		if strings.EqualFold(word, before) {
			return operation, name(words[i+1])
		}
	}
	return operation, ""
}

// name is the identifier that a word begins with.
func name(word string) string {
	end := strings.IndexFunc(word, func(c rune) bool {
		return c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9')
	})
	if end >= 0 {
		word = word[:end]
	}
	return word
}
