// Package session keeps who is signed in, in Redis.
//
// A session is a hash with an expiry. Beside it stand the refresh tokens it has used up, an index of each user's
// sessions, and for each user a generation and, while their roles are being changed, a block:
//
//	{fieldgate}:epoch                    random; a session made under another epoch is over
//	{fieldgate}:revocations              stream of what ended or changed, for caches to follow; each entry names the one before
//	{fieldgate}:fence                    nothing; it is written to see that replicas have it, and what was written before
//	{fieldgate}:followers                hash of the gateways that follow it with a cache: how far each has come, and its lease
//	{fieldgate}:session:<sid>            the session
//	{fieldgate}:session:<sid>:used       hashes of refresh tokens it has replaced
//	{fieldgate}:user:<user>:sessions     session ids by the time they end
//	{fieldgate}:user:<user>:generation   counts changes of the user's roles; missing is 0
//	{fieldgate}:once:<id>                something that is good once has been used
//	{fieldgate}:user:<user>:block        until when the user's roles are being changed
//
// A client of OAuth has the same three keys, by its own SID: its sessions, a generation that grows when it is deleted, and
// a block while that is done.
//
// Every operation is one Lua script, so nobody sees half of it. All keys share one hash tag, so that this holds on Redis
// Cluster too: ending a session, its index entry and the log entry that tells the caches are one step. The price, that
// one shard serves all sessions, is small: a cache in each gateway, kept right by the log, takes the reads.
//
// # The cache
//
// With Options.Lease a store keeps what it has looked up, and answers from it while its lease holds, which each read of the log
// renews that was sent at the time from which the lease counts. Whatever ends or changes something is written into the log in
// the same script, and returns when no store can answer as before any more: every follower has applied the entry, or its
// lease is out. A gap in the log, another epoch, another Redis or any error has all of it forgotten, and no answer is
// given without a lease or Redis. What ends by time is judged at each call.
//
// A key that another system writes can be a session too, under a name of its own (Plain).
//
// # Changing roles
//
// A session carries the generation its roles were read under, and is good only while the user's generation is the same.
// Who reads roles from SQL reads the generation first (Generation, then SQL, then Create or Rotate), so roles that were
// read before a change can never be stored after it. Who changes roles calls Block, commits, and calls Reconcile. A crash
// between these leaves the user with sessions that have to be refreshed, and a refresh reads SQL: less access, never
// more.
//
// A session of a client belongs to the user who made it too: it carries the generation of that user's roles, and so is
// held back and made stale with the user's own. It cannot be refreshed; a change of roles leaves it stale for good, and the
// client asks for another. EndClient ends a client's sessions when it is deleted, before it is: whoever has read that there
// is such a client then has read an old generation, and gets no session.
//
// # What Redis must be
//
// Redis should run with appendonly yes and the noeviction policy. With snapshots alone a crash can bring ended sessions
// back. A replica that takes the place of its master has all that was answered only with Options.Replicas. Times come from
// the caller's clock, so the clocks of the gateways must agree within seconds; leases go by the monotonic clock of each alone.
package session

import (
	"errors"
	"fmt"
)

// Errors of this package hold no token and no address of Redis with its password.
var (
	// ErrNotFound says that there is no such session: it never was, or it has ended, expired or lost its epoch.
	ErrNotFound = errors.New("session: not found")
	// ErrReused says that a refresh token came a second time, and that its session has been ended for it (RFC 9700,
	// section 4.14.2). It is also ErrNotFound.
	ErrReused = fmt.Errorf("%w: refresh token used twice", ErrNotFound)
	// ErrStale says that the user's roles have changed since they were read: read them again and retry. From Lookup it
	// says that the session must be refreshed.
	ErrStale = errors.New("session: roles have changed")
	// ErrBlocked says that the user's roles are being changed right now: wait a moment. It is also ErrStale.
	ErrBlocked = fmt.Errorf("%w: the change is under way", ErrStale)
	// ErrUnavailable says that Redis gave no answer in time, or an error: nothing is known, so nothing is allowed. A
	// call that changes something may or may not have happened.
	ErrUnavailable = errors.New("session: the session store is unavailable")
)
