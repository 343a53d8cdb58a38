package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/graph"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/events"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/issuer"
	"github.com/fieldgate/fieldgate/internal/relay"
	"github.com/fieldgate/fieldgate/internal/signin"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/resolvers"
	"github.com/fieldgate/fieldgate/web"
	"github.com/redis/go-redis/v9"
)

const (
	// tokenName is issuer and audience of the gateway's own access tokens.
	tokenName = "fieldgate"
	// reconcileEvery is how often changes of roles are looked for of which sessions
	// were not told.
	reconcileEvery = 5 * time.Second
	// startTimeout bounds how long Redis may take to answer at the start.
	startTimeout = 5 * time.Second
)

// gateway is the whole program, wired together.
type gateway struct {
	graphql *engine.Handler
	schema  http.Handler
	// documentation is the schema for GraphiQL.
	documentation http.Handler
	auth          *auth.Service
	identity      *identity.Service
	admission     *issuer.Admission
	signIn        *signin.Handler
	passwords     bool // whether people sign in with one
	keys          *token.Keys
	site          *web.Site
	graphiql      string // --graphiql
	redis         redis.UniversalClient
	crossOrigin   *crossOrigin
	quotas        *quotas
	proxies       proxies

	demo     bool
	password string // of the demo users
	base     string // what links to the gateway begin with
	embedded bool   // whether sessions are kept in this process
	closers  []func() error

	health    *health
	observer  *observer
	metricsAt net.Addr // nil when nobody can read figures
	warnings  []string // for whoever starts the gateway
}

// open wires the program together. auditLog is where audit events go as lines, nil for nowhere. What it has opened is closed again when it fails.
func open(ctx context.Context, s serve, limits engine.Limits, auditLog io.Writer, log *slog.Logger) (_ *gateway, err error) {
	g := &gateway{graphiql: s.GraphiQL, passwords: s.LocalSignIn == "on"}
	defer func() {
		if err != nil {
			g.close()
		}
	}()
	if g.site, err = web.Open(); err != nil {
		return nil, err
	}
	if g.observer, err = s.newObserver(ctx, log); err != nil {
		return nil, err
	}
	g.closers = append(g.closers, func() error { g.observer.stopTracing(); return nil })
	if g.crossOrigin, err = newCrossOrigin(s.corsFlags); err != nil {
		return nil, err
	}
	schema := ownSchema()
	matrix, table, err := s.rules(schema)
	if err != nil {
		return nil, err
	}
	documents, err := s.trusted(schema)
	if err != nil {
		return nil, err
	}
	if !s.external() {
		if err := g.lock(ctx, s.Data, s.RedisURL == ""); err != nil {
			return nil, err
		}
	}
	if g.keys, err = s.signingKeys(); err != nil {
		return nil, err
	}
	options := g.observer.watchDatabase(s.databaseFlags, s.options())
	if options.Audit, err = s.trailKeys(); err != nil {
		return nil, err
	}
	var lines *audit.Lines
	if auditLog != nil {
		lines = audit.NewLines(auditLog, log, g.observer.auditDropped)
		options.Committed = lines.Write
		g.closers = append(g.closers, func() error { return bounded(lines.Close) })
	}
	db, err := s.databaseFlags.open(ctx, s.Data, options)
	if err != nil {
		return nil, err
	}
	g.closers = append(g.closers, db.Close)
	if err := s.goOn(ctx, db, log); err != nil {
		return nil, err
	}
	recorder := g.record(db, lines, log)
	if g.proxies, err = s.proxyFlags.proxies(); err != nil {
		return nil, err
	}
	sessions, err := g.sessions(ctx, s, log)
	if err != nil {
		return nil, err
	}
	g.observer.watchPools(db, g.redis)
	if err := s.automatic(&documents, g.redis, log); err != nil {
		return nil, err
	}
	authority, err := token.NewAuthority(g.keys, tokenName, tokenName, time.Now)
	if err != nil {
		return nil, err
	}
	g.health = &health{log: log, checks: []check{
		{"redis", sessions.Ping}, {"database", db.Ping}, {"migrations", db.Migrated},
	}}
	version := matrix.Version() + "-" + table.Fingerprint()
	g.identity = identity.NewService(db, sessions, matrix, version, log)
	g.auth = auth.NewService(authority, sessions, matrix, version, func(ctx context.Context, user string) (string, []policy.Role, error) {
		member, err := db.MemberOf(ctx, user)
		return member.Account, member.Roles, err
	}, log)
	g.observer.watchSessions(g.auth)
	quotaKey, err := g.keys.Derive("fieldgate quotas")
	if err != nil {
		return nil, err
	}
	g.quotas = s.limitFlags.quotas(g.redis, quotaKey, g.observer)
	g.identity.Limit(g.quotas.attempts)
	if err := g.fill(ctx, s, db); err != nil {
		return nil, err
	}
	if err := g.openIssuers(ctx, s.signInFlags, sessions, db, log); err != nil {
		return nil, err
	}
	if err := g.openMailing(s.signInFlags, log); err != nil {
		return nil, err
	}
	cursorKey, err := g.keys.Derive("fieldgate cursors")
	if err != nil {
		return nil, err
	}
	cursors, err := relay.NewCursors(cursorKey)
	if err != nil {
		return nil, err
	}
	bus := events.NewBus(g.redis, log)
	g.liven(s.demoFlags, db, bus, log)
	root := &resolvers.Root{
		Upstream: db, Events: bus, Users: db, Identity: g.identity, Auth: g.auth, Matrix: matrix, Cursors: cursors, Attempts: g.quotas.attempts,
		LocalSignIn: g.passwords, Audit: recorder,
	}
	g.auth.Keep(root.Acted, root.Attempted)
	views := engine.NewViews(engine.Introspection(s.Introspection), schema, table)
	g.schema = serveSchema(views, table, noSchema, log)
	g.documentation = s.documentation(views, schema, table, log)
	g.graphql, err = engine.NewHandler(graph.NewGuardedSchema(graph.Config{Resolvers: root}), engine.Config{
		Table:     table,
		Views:     views,
		Caller:    func(ctx context.Context) policy.Set { return auth.From(ctx).Set },
		TypeOf:    typeOf,
		Present:   resolvers.Presenter(log),
		Log:       log,
		Denials:   engine.Denials(s.Denials),
		Limits:    limits,
		Admit:     g.quotas.admit,
		Charge:    g.quotas.charge,
		Turn:      g.quotas.turns.Take,
		Mutate:    root.Mutate,
		Denied:    root.Denied,
		Once:      atMostOnce,
		Lists:     lists,
		Documents: documents,

		Observer: g.observer.ofEngine(),
		Streams: engine.Streams{
			Authenticate: func(ctx context.Context, token string) (context.Context, error) {
				p, err := g.auth.Authenticate(ctx, token)
				return auth.With(ctx, p), err
			},
			Watch:   g.auth.Watch,
			Over:    auth.Over,
			Session: func(ctx context.Context) string { return countedAs(auth.From(ctx)) },
		},
		Origins: s.CORSOrigin,
		Sockets: s.socketLimits(),
	})
	return g, err
}

// record begins to write audit events that belong to no change.
func (g *gateway) record(db *store.Store, lines *audit.Lines, log *slog.Logger) *audit.Recorder {
	recorder := audit.NewRecorder(db, lines, log, g.observer.auditDropped)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { recorder.Run(ctx) })
	g.closers = append(g.closers, func() error {
		stop()
		running.Wait()
		return nil
	})
	return recorder
}

// bounded gives what closes something a few seconds.
func bounded(closer func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	return closer(ctx)
}

// lock keeps other gateways off a data folder whose sessions are in this process: they
// would not hear of a session that ends here, nor of roles that change. Gateways whose
// sessions are in Redis share it.
func (g *gateway) lock(ctx context.Context, folder string, alone bool) error {
	release, err := store.Lock(ctx, filepath.Join(folder, "lock"), alone)
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("another gateway uses %s (--data); they can share it when all keep their sessions in Redis (--redis-url)", folder)
	}
	if err != nil {
		return fmt.Errorf("the data folder %s (--data): %w", folder, err)
	}
	g.closers = append(g.closers, release)
	return nil
}

// sessions opens the session store, on a Redis or on one inside this process.
func (g *gateway) sessions(ctx context.Context, s serve, log *slog.Logger) (*session.Store, error) {
	redis.SetLogger(redisLog{log})
	var client redis.UniversalClient
	if s.RedisURL == "" {
		embedded, stop, err := session.Embedded()
		if err != nil {
			return nil, err
		}
		client, g.embedded = embedded, true
		g.closers = append(g.closers, func() error { stop(); return nil })
	} else {
		external, err := session.NewClient(s.RedisURL)
		if err != nil {
			return nil, fmt.Errorf("--redis-url: %w", err)
		}
		client = external
		g.closers = append(g.closers, external.Close)
	}
	g.redis = client
	g.observer.watchRedis(client)
	sessions := session.New(client, time.Now, session.Options{
		Idle: s.SessionIdle, Lifetime: s.SessionLifetime, Lease: s.SessionLease, Replicas: s.RedisReplicas,
	})
	g.closers = append(g.closers, func() error { sessions.Close(); return nil })
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := patiently(ctx, sessions.Start); err != nil {
		return nil, fmt.Errorf("sessions cannot be kept without Redis (--redis-url): %w", err)
	}
	g.durable(ctx, sessions, s.RedisReplicas, log)
	return sessions, nil
}

// patiently calls what may be called again, and does for as long as Redis does not answer in time and ctx has not ended.
func patiently(ctx context.Context, call func(context.Context) error) error {
	for {
		err := call(ctx)
		var slow net.Error
		if err == nil || ctx.Err() != nil || !errors.As(err, &slow) || !slow.Timeout() {
			return err
		}
	}
}

// close closes what open opened, the last first.
func (g *gateway) close() error {
	var errs []error
	for i := len(g.closers) - 1; i >= 0; i-- {
		errs = append(errs, g.closers[i]())
	}
	return errors.Join(errs...)
}

// handler serves everything that the gateway answers to.
func (g *gateway) handler(hosts map[string]bool, log *slog.Logger) http.Handler {
	return g.around(g.graphql, hosts, log)
}

// around is handler with whoever answers at /graphql.
func (g *gateway) around(graphql http.Handler, hosts map[string]bool, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	// Probes come to an address and not to a name, so they are answered under any: they show nothing.
	g.health.register(mux)
	handle := func(pattern string, h http.Handler) { mux.Handle(pattern, onlyHosts(hosts, h)) }
	handle("/graphql", g.observer.requests(g.crossOrigin.protect(g.auth.Middleware(graphql)), g.health.stopping.Load))
	handle("/oauth/token", g.tokenEndpoint(log))
	handle("GET /schema.graphqls", g.auth.Middleware(g.schema))
	handle("GET /.well-known/jwks.json", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		if _, err := w.Write(g.keys.JWKS()); err != nil {
			log.Debug("the client went away", "error", err)
		}
	}))
	pages := http.NewServeMux()
	g.pages(pages, log)
	handle("/", auth.NoTokensInURL(pages))
	return g.proxies.scoped(withHeaders(g.health.leaving(closeChunked(mux))))
}

// redisLog passes on what the Redis client has to say, which is of connections.
type redisLog struct{ log *slog.Logger }

func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.log.WarnContext(ctx, "redis: "+fmt.Sprintf(format, v...))
}

// plainLetters need no quotes anywhere.
const plainLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

// announce tells whoever started the gateway where it is and how to sign in.
// It is written at once, so that whoever waits for a part of it can read the rest.
func (g *gateway) announce(out io.Writer, addr net.Addr) {
	w := new(bytes.Buffer)
	defer func() { _, _ = w.WriteTo(out) }()
	endpoint := "http://" + addr.String() + "/graphql"
	fmt.Fprintf(w, "Fieldgate answers at %s\n", endpoint)
	if g.graphiql != graphiqlOff {
		fmt.Fprintf(w, "In a browser, GraphiQL is at http://%s/\n", addr)
	}
	if g.embedded {
		fmt.Fprintln(w, "Sessions are kept in this process and end with it; --redis-url keeps them in Redis.")
	}
	if g.metricsAt != nil {
		fmt.Fprintf(w, "Prometheus reads figures at http://%s/metrics\n", g.metricsAt)
	}
	for _, warning := range g.warnings {
		fmt.Fprintln(w, "Warning:", warning)
	}
	if !g.demo || !g.passwords {
		return
	}
	inCommand := g.password
	if strings.Trim(inCommand, plainLetters) != "" {
		inCommand = "…" // it would have to be quoted for the shell, JSON and GraphQL
	}
	fmt.Fprintf(w, `
The demo account has one user per role: owner@example.com, administrator@example.com,
developer@example.com, billing@example.com and support@example.com. Their password: %[1]s

Sign in, and ask with the token that you get:

  curl -s %[2]s -H 'Content-Type: application/json' -d '{"query":
    "mutation { signIn(input: {email: \"support@example.com\", password: \"%[3]s\"}) { accessToken } }"}'
  curl -s %[2]s -H 'Content-Type: application/json' -H "Authorization: Bearer $TOKEN" -d '{"query":
    "{ account { friendlyName balance { amount } calls(first: 2) { edges { node { status price { amount } } } } } }"}'
`, g.password, endpoint, inCommand)
}
