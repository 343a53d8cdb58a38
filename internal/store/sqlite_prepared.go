package store

import (
	"context"
	"database/sql/driver"
)

// maxPrepared is how many statements a connection to SQLite keeps prepared. Each takes some 20 KiB.
const maxPrepared = 32

// preparing makes connections to SQLite that keep the statements prepared that they have run. The driver reads and
// plans a statement anew each time, which costs more than to find a row; that of Postgres keeps them by itself.
type preparing struct{ driver.Connector }

func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &preparedConn{conn.(sqliteConn), map[string]driver.Stmt{}}, nil
}

// sqliteConn is what a connection of the driver can do that database/sql asks for.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// sqliteRows is likewise what its rows can do.
type sqliteRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
}

// preparedConn is a connection, which one goroutine at a time uses, as database/sql promises.
type preparedConn struct {
	sqliteConn
	// idle are the prepared statements by their texts. One that is running is not among them.
	idle map[string]driver.Stmt
}

// QueryContext runs a statement that answers with rows.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	stmt, prepared := c.idle[query]
	if prepared {
		delete(c.idle, query)
	} else {
		var err error
		if stmt, err = c.PrepareContext(ctx, query); err != nil {
			return nil, err
		}
	}
	rows, err := stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		_ = stmt.Close() // says err again
		return nil, err
	}
	return &preparedRows{rows.(sqliteRows), c, query, stmt}, nil
}

// keep has a statement ready for when it is run again, in place of any other when there are too many.
func (c *preparedConn) keep(query string, stmt driver.Stmt) error {
	old := c.idle[query] // there is one if it has run twice at once
	if old == nil && len(c.idle) == maxPrepared {
		for text, any := range c.idle {
			delete(c.idle, text)
			old = any
			break
		}
	}
	c.idle[query] = stmt
	if old == nil {
		return nil
	}
	return old.Close()
}

// Close closes the connection and what is prepared on it.
func (c *preparedConn) Close() error {
	for _, stmt := range c.idle {
		_ = stmt.Close() // the connection's own error says it
	}
	clear(c.idle)
	return c.sqliteConn.Close()
}

// preparedRows are the rows of a prepared statement, which is ready for others when they are closed.
type preparedRows struct {
	sqliteRows
	conn  *preparedConn
	query string
	stmt  driver.Stmt
}

func (r *preparedRows) Close() error {
	if err := r.sqliteRows.Close(); err != nil {
		_ = r.stmt.Close() // says err again
		return err
	}
	return r.conn.keep(r.query, r.stmt)
}
