package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/quota"
	"github.com/redis/go-redis/v9"
)

// limitFlags say how much callers may ask for. The table in README.md is written from them.
type limitFlags struct {
	LimitBody               int64         `help:"Bytes of a request's body, or of its query string." default:"262144" env:"FIELDGATE_LIMIT_BODY" limit:"body"`
	LimitTokens             int           `help:"Tokens of a document." default:"1000" env:"FIELDGATE_LIMIT_TOKENS" limit:"tokens"`
	LimitDepth              int           `help:"How deep fields nest." default:"15" env:"FIELDGATE_LIMIT_DEPTH" limit:"depth"`
	LimitIntrospectionDepth int           `help:"The same below __schema and __type." default:"20" env:"FIELDGATE_LIMIT_INTROSPECTION_DEPTH" limit:"introspection_depth"`
	LimitAliases            int           `help:"Aliases of an operation." default:"30" env:"FIELDGATE_LIMIT_ALIASES" limit:"aliases"`
	LimitAliasLength        int           `help:"Letters of an alias: an answer has it once for each object." default:"128" env:"FIELDGATE_LIMIT_ALIAS_LENGTH" limit:"alias_length"`
	LimitRootFields         int           `help:"Root fields of an operation." default:"20" env:"FIELDGATE_LIMIT_ROOT_FIELDS" limit:"root_fields"`
	LimitIntrospections     int           `help:"Root fields that are __schema or __type." default:"2" env:"FIELDGATE_LIMIT_INTROSPECTIONS" limit:"introspections"`
	LimitDirectives         int           `help:"Directives of a document." default:"30" env:"FIELDGATE_LIMIT_DIRECTIVES" limit:"directives"`
	LimitSelections         int           `help:"Fields of an operation once its fragments are written out, for each type that they may turn up on." default:"1000" env:"FIELDGATE_LIMIT_SELECTIONS" limit:"selections"`
	LimitCost               int           `help:"Points that an operation may cost: about as many as its answer may have fields, lists taken at the size asked for." default:"100000" env:"FIELDGATE_LIMIT_COST" limit:"cost"`
	LimitVariablesDepth     int           `help:"How deep the variables of a request nest, and its extensions." default:"15" env:"FIELDGATE_LIMIT_VARIABLES_DEPTH" limit:"variables_depth"`
	LimitErrors             int           `help:"Errors in the answer to a document that is not valid; the others are counted in one more." default:"10" env:"FIELDGATE_LIMIT_ERRORS" limit:"errors"`
	LimitTime               time.Duration `help:"How long an operation may take." default:"10s" env:"FIELDGATE_LIMIT_TIME" limit:"time"`
	LimitRequests           int           `help:"Operations that the gateway runs at once; guests have half of the places at most." default:"256" env:"FIELDGATE_LIMIT_REQUESTS" limit:"requests"`
	LimitSessionRequests    int           `help:"Operations of one session at once; the guests of one address have as many, or a quarter of all places." default:"50" env:"FIELDGATE_LIMIT_SESSION_REQUESTS" limit:"session_requests"`
	LimitLargeRequests      int           `help:"Operations of 1000 points and more that work at once, for each processor; the others wait for their turn." default:"4" env:"FIELDGATE_LIMIT_LARGE_REQUESTS" limit:"large_requests"`
	LimitSockets            int           `help:"WebSockets of one session at once." default:"20" env:"FIELDGATE_LIMIT_SOCKETS" limit:"sockets"`
	LimitSocketOperations   int           `help:"Operations on one WebSocket at once, and streams of events of one session." default:"50" env:"FIELDGATE_LIMIT_SOCKET_OPERATIONS" limit:"socket_operations"`
	LimitSignIns            int           `help:"Attempts to sign in from one address in a minute, token exchange among them; as many to accept an invitation, as many of OAuth clients, and ten times as many to refresh a session." default:"200" env:"FIELDGATE_LIMIT_SIGN_INS" limit:"sign_ins"`
	LimitSignInFailures     int           `help:"Wrong passwords for one account from one address in 15 minutes; five times as many from all addresses but those known." default:"10" env:"FIELDGATE_LIMIT_SIGN_IN_FAILURES" limit:"sign_in_failures"`

	Budget      int            `help:"Points that a user may spend in a minute, with all of their sessions and OAuth clients; 0 for any number." default:"1000000000" env:"FIELDGATE_BUDGET" limit:"cost_per_minute"`
	BudgetGuest int            `help:"Points that guests of one address may spend in a minute; 0 for any number." default:"10000000" env:"FIELDGATE_BUDGET_GUEST" limit:"cost_per_minute"`
	BudgetRole  map[string]int `help:"Budgets of users of a role, instead of --budget. Of several roles the largest holds." placeholder:"ROLE=POINTS;…" env:"FIELDGATE_BUDGET_ROLE" limit:"cost_per_minute"`
}

// sessionFlags say how long sessions last.
type sessionFlags struct {
	SessionIdle     time.Duration `help:"How long a session lasts that is not refreshed." default:"2h" env:"FIELDGATE_SESSION_IDLE"`
	SessionLifetime time.Duration `help:"How long a session lasts in any case, from signing in." default:"12h" env:"FIELDGATE_SESSION_LIFETIME"`
	SessionLease    time.Duration `help:"How long a session may be used again without asking Redis. So soon all is refused when Redis fails, and so long ending a session takes at most when another gateway is out of reach. 0 asks for each request." default:"100ms" env:"FIELDGATE_SESSION_LEASE"`
}

const (
	// maxTime leaves an operation that takes its time a moment to be answered in.
	maxTime = writeTimeout - 5*time.Second
	// minLease is the shortest lease: it is renewed four times as often.
	minLease = 20 * time.Millisecond
	// maxLifetime is the longest that a session can last: whatever is said of a user holds as long.
	maxLifetime = 90 * 24 * time.Hour
)

// check says what is wrong with them.
func (l limitFlags) check() error {
	var faults []error
	for _, n := range []struct {
		flag  string
		value int
	}{
		{"body", int(l.LimitBody)}, {"tokens", l.LimitTokens}, {"depth", l.LimitDepth}, {"introspection-depth", l.LimitIntrospectionDepth},
		{"aliases", l.LimitAliases}, {"alias-length", l.LimitAliasLength}, {"root-fields", l.LimitRootFields}, {"introspections", l.LimitIntrospections},
		{"directives", l.LimitDirectives}, {"selections", l.LimitSelections}, {"cost", l.LimitCost}, {"errors", l.LimitErrors},
		{"requests", l.LimitRequests}, {"session-requests", l.LimitSessionRequests}, {"large-requests", l.LimitLargeRequests}, {"sockets", l.LimitSockets},
		{"socket-operations", l.LimitSocketOperations}, {"sign-ins", l.LimitSignIns}, {"sign-in-failures", l.LimitSignInFailures},
	} {
		if n.value < 1 || n.value > maxFigure {
			faults = append(faults, fmt.Errorf("--limit-%s takes a number from 1 to %d", n.flag, maxFigure))
		}
	}
	if l.LimitVariablesDepth < 1 || l.LimitVariablesDepth > engine.MaxVariablesDepth {
		faults = append(faults, fmt.Errorf("--limit-variables-depth takes a number from 1 to %d", engine.MaxVariablesDepth))
	}
	if l.LimitTime < time.Millisecond || l.LimitTime > maxTime {
		faults = append(faults, fmt.Errorf("--limit-time takes a duration from 1ms to %s", maxTime))
	}
	if l.Budget < 0 || l.Budget > maxBudget {
		faults = append(faults, fmt.Errorf("--budget takes a number from 0 (any number) to %d", maxBudget))
	}
	if l.BudgetGuest < 0 || l.BudgetGuest > maxBudget {
		faults = append(faults, fmt.Errorf("--budget-guest takes a number from 0 (any number) to %d", maxBudget))
	}
	for name, points := range l.BudgetRole {
		if !slices.Contains(policy.Roles(), roleNamed(name)) {
			faults = append(faults, fmt.Errorf("--budget-role: there is no role %q", name))
		}
		if points < 1 || points > maxBudget {
			faults = append(faults, fmt.Errorf("--budget-role takes numbers from 1 to %d, such as SUPPORT=200000", maxBudget))
		}
	}
	return errors.Join(faults...)
}

const (
	maxFigure = 1_000_000_000
	maxBudget = 1_000_000_000_000
)

func roleNamed(name string) policy.Role { return policy.Role(strings.ToUpper(name)) }

// check says what is wrong with them.
func (s sessionFlags) check() error {
	switch {
	case s.SessionIdle < token.TTL:
		return fmt.Errorf("--session-idle takes a duration from %s on: an access token lasts as long", token.TTL)
	case s.SessionLifetime < s.SessionIdle || s.SessionLifetime > maxLifetime:
		return fmt.Errorf("--session-lifetime takes a duration from --session-idle (%s) to %s", s.SessionIdle, maxLifetime)
	case s.SessionLease != 0 && (s.SessionLease < minLease || s.SessionLease > session.MaxLease):
		return fmt.Errorf("--session-lease takes a duration from %s to %s, or 0 to ask Redis for each request", minLease, session.MaxLease)
	}
	return nil
}

// ofEngine are those that the engine keeps.
func (l limitFlags) ofEngine() engine.Limits {
	return engine.Limits{
		BodyBytes: l.LimitBody, Tokens: l.LimitTokens, Depth: l.LimitDepth, Introspection: l.LimitIntrospectionDepth,
		Aliases: l.LimitAliases, AliasLength: l.LimitAliasLength, RootFields: l.LimitRootFields, Directives: l.LimitDirectives, Introspections: l.LimitIntrospections,
		Selections: l.LimitSelections, Cost: l.LimitCost, VariablesDepth: l.LimitVariablesDepth, RequestErrors: l.LimitErrors, Time: l.LimitTime,
		Sockets: l.LimitSockets, Operations: l.LimitSocketOperations,
	}
}

// quotas are what callers may do in a time and at once.
type quotas struct {
	budget   *quota.Budget
	running  *quota.Running
	turns    *quota.Turns
	attempts *quota.Attempts

	user, guest int // budgets
	roles       map[policy.Role]int
}

// quotas has them counted in Redis, for all gateways that share it and the signing keys.
func (l limitFlags) quotas(client redis.UniversalClient, secret []byte, o *observer) *quotas {
	shared := quota.Shared{Redis: client, Secret: secret}
	q := &quotas{
		budget:   quota.NewBudget(shared, time.Now),
		running:  quota.NewRunning(l.LimitRequests, l.LimitSessionRequests),
		turns:    quota.NewTurns(l.LimitLargeRequests * runtime.GOMAXPROCS(0)),
		attempts: quota.NewAttempts(shared, l.LimitSignIns, l.LimitSignInFailures, o.exceeded, time.Now),
		user:     l.Budget, guest: l.BudgetGuest, roles: map[policy.Role]int{},
	}
	for name, points := range l.BudgetRole {
		q.roles[roleNamed(name)] = points
	}
	return q
}

// admit is the engine's.
func (q *quotas) admit(ctx context.Context) (over func(), err error) {
	return q.running.Enter(ctx, countedAs(auth.From(ctx)))
}

// charge is the engine's. Whoever could have a budget for each session, or for each client that they make, would have as
// many as they like: so the user pays, or for a client the one who made it.
func (q *quotas) charge(ctx context.Context, cost int) error {
	p := auth.From(ctx)
	return q.budget.Charge(ctx, quota.Payer{User: p.User, Points: q.points(p)}, cost)
}

// countedAs is a session or, of an OAuth client, which makes sessions as it likes, all of its together.
func countedAs(p auth.Principal) string {
	if p.Client != "" {
		return p.Client
	}
	return p.Session
}

// points are what a user may spend in a minute: the largest budget of their roles, where a role that has none of its own
// has that of every user.
func (q *quotas) points(p auth.Principal) int {
	if !p.SignedIn() {
		return q.guest
	}
	if len(q.roles) == 0 {
		return q.user
	}
	roles := p.Roles
	if p.Client != "" {
		roles = p.Creator
	}
	most := 0
	for _, role := range roles {
		points, own := q.roles[role]
		if !own {
			points = q.user
		}
		if points == 0 {
			return 0 // any number
		}
		most = max(most, points)
	}
	return max(most, 1)
}

// exceeded counts what was refused for a limit outside of the engine.
func (o *observer) exceeded(limit string) {
	if o.metrics != nil {
		o.metrics.Exceeded(limit)
	}
	o.log.LogAttrs(context.Background(), slog.LevelDebug, "a limit was exceeded", slog.String("limit", limit))
}
