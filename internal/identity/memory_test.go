package identity

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

const (
	account   = "AC00000000000000000000000000000001"
	elsewhere = "AC00000000000000000000000000000002"
	version   = "matrix-rules"
)

// memory keeps users as a database does whose transactions are serializable without
// locks: a transaction works on what it read at first, and begins again when someone
// else has committed meanwhile.
type memory struct {
	Clients   // nil: see clientMemory
	mu        sync.Mutex
	users     map[string]Credential
	onlyOwner bool
	outbox    []RoleChange
	commits   int
	lastID    int64
	signedIn  map[string]time.Time
	// suspended are those who hold nothing, whatever roles they are kept with.
	suspended map[string]bool
	// invited is who is invited by the token of each hash, and until when.
	invited map[string]invited

	// step, when set, is called before and after each step with its name, such as
	// "commit" and "committed". Its error fails the step.
	step func(name string) error
}

func newMemory(members ...Member) *memory {
	m := &memory{users: map[string]Credential{}, signedIn: map[string]time.Time{}, suspended: map[string]bool{}, invited: map[string]invited{}}
	for _, member := range members {
		m.users[member.SID] = Credential{Member: member}
	}
	return m
}

func (m *memory) at(name string) error {
	if m.step == nil {
		return nil
	}
	return m.step(name)
}

func (m *memory) CredentialOf(_ context.Context, email string) (Credential, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.users {
		if strings.EqualFold(c.Email, email) {
			return c, nil
		}
	}
	return Credential{}, problem.Missing()
}

func (m *memory) MemberOf(_ context.Context, sid string) (Member, error) {
	if err := m.at("read"); err != nil {
		return Member{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c, known := m.users[sid]
	if !known || m.suspended[sid] {
		return Member{}, problem.Missing()
	}
	return c.Member, nil
}

func (m *memory) SignedIn(_ context.Context, sid string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.signedIn[sid] = at
	return m.at("signed in")
}

func (m *memory) SetRoles(ctx context.Context, c upstream.Change, target string, roles []policy.Role, check CheckChange) (RoleChange, error) {
	changes, err := m.transact(ctx, c, target, func(by, of Member) (map[string]int64, error) {
		generation, err := check(by, of, m.onlyOwner)
		return map[string]int64{target: generation}, err
	}, func() { m.give(target, roles) })
	return first(changes), err
}

func (m *memory) RemoveUser(ctx context.Context, c upstream.Change, target string, check CheckChange) (RoleChange, error) {
	changes, err := m.transact(ctx, c, target, func(by, of Member) (map[string]int64, error) {
		generation, err := check(by, of, m.onlyOwner)
		return map[string]int64{target: generation}, err
	}, func() { delete(m.users, target) })
	return first(changes), err
}

func (m *memory) TransferOwnership(ctx context.Context, c upstream.Change, target string, check CheckTransfer) ([]RoleChange, error) {
	return m.transact(ctx, c, target, func(by, of Member) (map[string]int64, error) {
		from, to, err := check(by, of)
		return map[string]int64{by.SID: from, target: to}, err
	}, func() {
		m.give(c.Intent.User, []policy.Role{policy.Administrator})
		m.give(target, []policy.Role{policy.Owner})
	})
}

func first(changes []RoleChange) RoleChange {
	if len(changes) == 0 {
		return RoleChange{}
	}
	return changes[0]
}

// transact checks what was read, and does it unless someone else has committed meanwhile.
func (m *memory) transact(
	ctx context.Context, c upstream.Change, target string, check func(by, of Member) (map[string]int64, error), do func(),
) ([]RoleChange, error) {
	if err := m.at("begin"); err != nil {
		return nil, err
	}
	for {
		m.mu.Lock()
		snapshot, by, of := m.commits, m.users[c.Intent.User].Member, m.users[target].Member
		m.mu.Unlock()
		if of.Account != c.Account() {
			return nil, problem.Missing()
		}
		if by.Account != c.Account() {
			return nil, problem.New(problem.Forbidden, "no such actor")
		}
		generations, err := check(by, of)
		if err != nil {
			return nil, err
		}
		if err := m.at("commit"); err != nil {
			return nil, err
		}
		if changes, done := m.commit(snapshot, generations, do); done {
			return changes, m.at("committed")
		}
		if ctx.Err() != nil {
			return nil, problem.New(problem.Timeout, "too many collisions")
		}
	}
}

func (m *memory) commit(snapshot int, generations map[string]int64, do func()) (changes []RoleChange, done bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.commits != snapshot {
		return nil, false
	}
	m.commits++
	do()
	for user, generation := range generations {
		m.lastID++
		changes = append(changes, RoleChange{ID: m.lastID, User: user, Generation: generation})
	}
	m.outbox = append(m.outbox, changes...)
	return changes, true
}

// give gives a user roles; with none they are suspended.
func (m *memory) give(target string, roles []policy.Role) {
	c := m.users[target]
	m.suspended[target] = len(roles) == 0
	if len(roles) > 0 {
		c.Roles = roles
	}
	m.users[target] = c
}

// Admit knows a Federated by a user whose SID is the subject.
func (m *memory) Admit(_ context.Context, f Federated, block func(string) (int64, error)) (string, RoleChange, error) {
	for {
		m.mu.Lock()
		snapshot, of := m.commits, m.users[f.Subject]
		was := of.Roles
		if m.suspended[f.Subject] {
			was = nil
		}
		switch {
		case of.SID == "" && len(f.Roles) == 0:
			m.mu.Unlock()
			return "", RoleChange{}, nil
		case of.SID == "" && f.Email == "":
			m.mu.Unlock()
			return "", RoleChange{}, problem.New(problem.BadUserInput, "no address")
		case of.SID == "":
			m.users[f.Subject] = Credential{Member: Member{SID: f.Subject, Account: account, Email: f.Email, Roles: f.Roles, Issuer: f.Issuer}}
			m.mu.Unlock()
			return f.Subject, RoleChange{}, nil
		}
		m.mu.Unlock()
		if slices.Equal(was, f.Roles) {
			return f.Subject, RoleChange{}, nil
		}
		generation, err := block(f.Subject)
		if err != nil {
			return "", RoleChange{}, err
		}
		if err := m.at("commit"); err != nil {
			return "", RoleChange{}, err
		}
		changes, done := m.commit(snapshot, map[string]int64{f.Subject: generation}, func() { m.give(f.Subject, f.Roles) })
		if done {
			return f.Subject, changes[0], m.at("committed")
		}
	}
}

func (m *memory) PendingRoleChanges(_ context.Context, limit int) ([]RoleChange, error) {
	if err := m.at("list"); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.outbox[:min(limit, len(m.outbox))]), nil
}

func (m *memory) RoleChangeDone(_ context.Context, id int64) error {
	if err := m.at("close"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.outbox = slices.DeleteFunc(m.outbox, func(c RoleChange) bool { return c.ID == id })
	return m.at("closed")
}

func (m *memory) Users(context.Context, upstream.Scope, UserFilter, upstream.Page) (upstream.List[model.User], error) {
	panic("not used here")
}

func (m *memory) User(context.Context, upstream.Scope, string) (*model.User, error) {
	panic("not used here")
}

// member reads a user without being a step.
func (m *memory) member(sid string) Member {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.users[sid].Member
}

// rolesOf reads a user's roles, and how many transactions have been committed.
func (m *memory) rolesOf(sid string) ([]policy.Role, int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.users[sid].Roles, m.commits
}

// steps are real sessions that go through memory.step.
type steps struct {
	*session.Store
	at func(name string) error
}

func (s steps) Generation(ctx context.Context, user string) (int64, error) {
	if err := s.at("generation"); err != nil {
		return 0, err
	}
	return s.Store.Generation(ctx, user)
}

func (s steps) Block(ctx context.Context, user string, ttl time.Duration) (int64, error) {
	if err := s.at("block"); err != nil {
		return 0, err
	}
	generation, err := s.Store.Block(ctx, user, ttl)
	if err != nil {
		return 0, err
	}
	return generation, s.at("blocked")
}

func (s steps) Reconcile(ctx context.Context, user string, generation int64, roles []string, policyVersion string) error {
	if err := s.at("tell"); err != nil {
		return err
	}
	if err := s.Store.Reconcile(ctx, user, generation, roles, policyVersion); err != nil {
		return err
	}
	return s.at("told")
}

// clock stands still until it is moved.
type clock struct {
	mu   sync.Mutex
	time time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = c.time.Add(d)
}

// bench is a service on a memory and on real sessions.
type bench struct {
	*Service
	t        *testing.T
	memory   *memory
	sessions *session.Store
	clock    *clock
}

func newBench(t *testing.T, members ...Member) *bench {
	t.Helper()
	// Not session.NewClient: its short limits would fail these tests on a busy machine.
	client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr(), ReadTimeout: time.Minute, MaxRetries: -1})
	t.Cleanup(func() { client.Close() })
	b := &bench{t: t, memory: newMemory(members...), clock: &clock{time: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}}
	b.sessions = session.New(client, b.clock.now, session.Options{})
	// Not NewService, which hashes a password: most tests have no use for it.
	b.Service = &Service{
		users: b.memory, sessions: steps{b.sessions, b.memory.at}, matrix: policy.Published(), version: version, log: quiet(),
	}
	return b
}

// guest is the change of someone who has not signed in.
var guest = upstream.NewChange(upstream.Scope{}, audit.NewIntent(audit.Intent{Coordinate: "Mutation.test"}))

// changeBy is the change that someone makes.
func changeBy(a Actor) upstream.Change {
	return upstream.NewChange(upstream.NewScope(a.Account, policy.Fields{}), audit.NewIntent(audit.Intent{User: a.SID, Coordinate: "Mutation.test"}))
}

func (b *bench) setRoles(by Actor, target string, roles []policy.Role) error {
	return b.SetRoles(b.t.Context(), by, changeBy(by), target, roles)
}

func (b *bench) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// open makes a session for a user and returns it with its refresh token.
func (b *bench) open(sid string) (session.Session, string) {
	b.t.Helper()
	roles, _ := b.memory.rolesOf(sid)
	made, refresh, err := b.sessions.Create(b.t.Context(), session.NewSession{
		User: sid, Account: account, Roles: texts(roles), Policy: version,
	})
	b.check(err)
	return made, refresh
}

// usable returns the roles that a session can be used with now, or nil when it cannot.
func (b *bench) usable(of session.Session) []string {
	found, err := b.sessions.Lookup(b.t.Context(), of.User, of.ID)
	if err != nil {
		return nil
	}
	return found.Roles
}

func texts(roles []policy.Role) []string {
	all := make([]string, len(roles))
	for i, role := range roles {
		all[i] = string(role)
	}
	return all
}
