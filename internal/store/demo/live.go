package demo

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"time"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

const (
	// liveMark follows the prefix in the SIDs of what Log made, by which it knows them again.
	liveMark = "11fe11fe"
	// liveKept is how many of each kind stay of what Log made.
	liveKept = 50
)

// Log logs a new call, message or alert in an account of the demo and tells which. What it is
// depends on what the account has and on now alone. Of what it logged before it deletes
// the oldest, so that there is never much of it.
func Log(ctx context.Context, s *store.Store, a Account, now time.Time) (upstream.LogEvent, error) {
	var made upstream.LogEvent
	err := s.Transact(ctx, func(tx *sql.Tx) error {
		of := traffic{
			r: rand.New(rand.NewPCG(seed, uint64(now.UnixNano()))), account: a, today: now,
			when: func(*rand.Rand) time.Time { return now.Add(-time.Minute) },
		}
		found, err := pairs(ctx, tx, "SELECT sid, phone_number FROM phone_numbers WHERE account_sid = $1 ORDER BY sid LIMIT 100", a.SID)
		if err != nil {
			return err
		}
		for _, number := range found {
			of.numbers = append(of.numbers, phoneNumber{sid: number[0], number: number[1]})
		}
		kind := pick(of.r, model.ProductLogKindCall, model.ProductLogKindCall, model.ProductLogKindMessage,
			model.ProductLogKindMessage, model.ProductLogKindAlert)
		row, order, err := newLog(ctx, tx, of, kind)
		if err != nil {
			return err
		}
		text := row.values[0][0].(string)
		made = upstream.LogEvent{Kind: kind, Sid: text[:2] + liveMark + text[2+len(liveMark):]}
		row.values[0][0] = made.Sid
		if err := row.insert(ctx, tx); err != nil {
			return err
		}
		return trim(ctx, tx, row.table, order, a.SID)
	})
	return made, err
}

// newLog makes one row of a kind, and says by which column its table is ordered.
func newLog(ctx context.Context, tx *sql.Tx, of traffic, kind model.ProductLogKind) (row rows, order string, err error) {
	switch kind {
	case model.ProductLogKindCall:
		of.when = func(*rand.Rand) time.Time { return of.today.Add(-11 * time.Minute) } // by now it is over
		return calls(of, 1), "start_time", nil
	case model.ProductLogKindMessage:
		return messages(of, 1), "date_created", nil
	}
	var about [2]rows
	for i, newest := range []string{
		"SELECT sid, status FROM calls WHERE account_sid = $1 ORDER BY start_time DESC, sid DESC LIMIT 5",
		"SELECT sid, status FROM messages WHERE account_sid = $1 ORDER BY date_created DESC, sid DESC LIMIT 5",
	} {
		found, err := pairs(ctx, tx, newest, of.account.SID)
		if err != nil {
			return rows{}, "", err
		}
		for _, one := range found {
			about[i].add(one[0])
		}
	}
	return alertRows(of, 1, about[0], about[1]), "date_generated", nil
}

// pairs reads rows of two texts.
func pairs(ctx context.Context, tx *sql.Tx, query, account string) ([][2]string, error) {
	found, err := tx.QueryContext(ctx, query, account)
	if err != nil {
		return nil, store.Failed(ctx, "reading the demo", err)
	}
	defer found.Close()
	var all [][2]string
	for found.Next() {
		var one [2]string
		if err := found.Scan(&one[0], &one[1]); err != nil {
			return nil, store.Failed(ctx, "reading the demo", err)
		}
		all = append(all, one)
	}
	if err := found.Err(); err != nil {
		return nil, store.Failed(ctx, "reading the demo", err)
	}
	return all, nil
}

// trim deletes the oldest of what Log made in a table. The first two letters of an SID
// are those of its type.
func trim(ctx context.Context, tx *sql.Tx, table, order, account string) error {
	const mine = " WHERE account_sid = $1 AND substr(sid, 3, 8) = '" + liveMark + "'"
	_, err := tx.ExecContext(ctx, "DELETE FROM "+table+mine+" AND sid NOT IN (SELECT sid FROM "+table+mine+
		" ORDER BY "+order+" DESC, sid DESC LIMIT $2)", account, liveKept)
	if err != nil {
		return store.Failed(ctx, "trimming "+table, err)
	}
	return nil
}
