package demo

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// rows is what goes into a table.
type rows struct {
	table   string
	columns []string
	values  [][]any
}

// add adds a row, its values in the order of the columns.
func (r *rows) add(values ...any) { r.values = append(r.values, values) }

// insert writes the rows with one prepared statement.
func (r rows) insert(ctx context.Context, tx *sql.Tx) error {
	marks := make([]string, len(r.columns))
	for i := range marks {
		marks[i] = "$" + strconv.Itoa(i+1)
	}
	statement, err := tx.PrepareContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)",
		r.table, strings.Join(r.columns, ", "), strings.Join(marks, ", ")))
	if err != nil {
		return fmt.Errorf("demo: filling %s: %w", r.table, err)
	}
	defer statement.Close()
	for _, values := range r.values {
		if _, err := statement.ExecContext(ctx, values...); err != nil {
			return fmt.Errorf("demo: filling %s: %w", r.table, err)
		}
	}
	return nil
}

// at is a moment as the database keeps it.
func at(t time.Time) int64 { return t.UnixMicro() }

// day is a day as the database keeps it.
func day(t time.Time) string { return t.Format(time.DateOnly) }
