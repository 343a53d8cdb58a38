package demo

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/internal/store"
)

// rows is what goes into a table.
type rows struct {
	table   string
	columns []string
	values  [][]any
}

// add adds a row, its values in the order of the columns.
func (r *rows) add(values ...any) { r.values = append(r.values, values) }

// atOnce is how many rows one statement inserts: a way to the database and back for each
// row would be what filling one on another machine takes longest for.
const atOnce = 16

// insert writes the rows.
func (r rows) insert(ctx context.Context, tx *sql.Tx) error {
	many, err := tx.PrepareContext(ctx, r.statement(atOnce))
	if err != nil {
		return store.Failed(ctx, "filling "+r.table, err)
	}
	defer many.Close()
	for some := range slices.Chunk(r.values, atOnce) {
		values := slices.Concat(some...)
		if len(some) == atOnce {
			_, err = many.ExecContext(ctx, values...)
		} else {
			_, err = tx.ExecContext(ctx, r.statement(len(some)), values...)
		}
		if err != nil {
			return store.Failed(ctx, "filling "+r.table, err)
		}
	}
	return nil
}

// statement inserts so many rows.
func (r rows) statement(count int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", r.table, strings.Join(r.columns, ", "))
	for i := range count * len(r.columns) {
		before := ", "
		switch {
		case i == 0:
			before = "("
		case i%len(r.columns) == 0:
			before = "), ("
		}
		b.WriteString(before + "$" + strconv.Itoa(i+1))
	}
	return b.String() + ")"
}

// at is a moment as the database keeps it.
func at(t time.Time) int64 { return t.UnixMicro() }

// day is a day as the database keeps it.
func day(t time.Time) string { return t.Format(time.DateOnly) }
