package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/bench/peer/graph"
	"github.com/fieldgate/fieldgate/bench/peer/graph/model"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/issuer"
	"github.com/fieldgate/fieldgate/internal/keyfile"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

//go:embed matrix.csv
var matrixCSV string

// newHandler wires the packages together as internal/cmd does: the caller's token and session, then the engine.
func newHandler(
	account *model.Account, common fs.FS, bearer issuer.Bearer, sessions *session.Store, denials engine.Denials, log *slog.Logger,
) (http.Handler, error) {
	matrix, err := policy.ParseMatrix(strings.NewReader(matrixCSV))
	if err != nil {
		return nil, err
	}
	sealed := graph.NewGuardedSchema(graph.Config{Resolvers: root{account}})
	table, faults := policy.Compile(sealed.Schema(), matrix)
	if len(faults) > 0 {
		return nil, faults
	}
	if err := agrees(common, matrix, table); err != nil {
		return nil, err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	keys, err := token.NewKeys(key)
	if err != nil {
		return nil, err
	}
	authority, err := token.NewAuthority(keys, "fieldgate", "fieldgate", time.Now)
	if err != nil {
		return nil, err
	}
	nobody := func(context.Context, string) (string, []policy.Role, error) { return "", nil, problem.Missing() }
	service := auth.NewService(authority, sessions, matrix, matrix.Version(), nobody, log)
	service.Trust(issuer.NewBearers([]issuer.Bearer{bearer}, time.Now).Verify)
	h, err := engine.NewHandler(sealed, engine.Config{
		Table:   table,
		Views:   engine.NewViews(engine.IntrospectionOff, sealed.Schema(), table),
		Caller:  func(ctx context.Context) policy.Set { return auth.From(ctx).Set },
		TypeOf:  func(string) string { return "" },
		Present: present,
		Log:     log,
		Denials: denials,
		Limits:  engine.DefaultLimits(),
		Lists:   map[string]int{"Account.users": len(account.Users)},
		Streams: engine.Streams{
			Authenticate: func(ctx context.Context, token string) (context.Context, error) {
				p, err := service.Authenticate(ctx, token)
				return auth.With(ctx, p), err
			},
			Watch: service.Watch,
			Over:  auth.Over,
		},
	})
	if err != nil {
		return nil, err
	}
	return service.Middleware(h), nil
}

// present shows what the engine says of itself, and nothing else.
func present(ctx context.Context, err error) *gqlerror.Error {
	var given *gqlerror.Error
	if errors.As(err, &given) && given.Extensions["code"] != nil {
		return given
	}
	return &gqlerror.Error{Message: "Something went wrong.", Path: graphql.GetPath(ctx), Extensions: map[string]any{"code": problem.Internal}}
}

// load reads data.json.
func load(common fs.FS) (*model.Account, error) {
	text, err := fs.ReadFile(common, "data.json")
	if err != nil {
		return nil, err
	}
	var data struct{ Account *model.Account }
	if err := json.Unmarshal(text, &data); err != nil {
		return nil, fmt.Errorf("data.json: %w", err)
	}
	if data.Account == nil {
		return nil, errors.New("data.json has no account")
	}
	return data.Account, nil
}

// readKeys reads KEYS_FILE: the one issuer whose tokens are accepted, with its keys.
func readKeys(name string) (issuer.Bearer, error) {
	text, err := keyfile.Read(name)
	if err != nil {
		return issuer.Bearer{}, fmt.Errorf("KEYS_FILE: %w", err)
	}
	var file struct {
		Issuer, Audience string
		Keys             []struct{ Kid, Alg, Secret, PublicKey string }
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return issuer.Bearer{}, errors.New("KEYS_FILE cannot be read")
	}
	b := issuer.Bearer{
		Name: "peers", Issuer: file.Issuer, Audiences: []string{file.Audience}, Type: "jwt", Prefix: "sess:",
		Claims: issuer.BearerClaims{Subject: "sub", Roles: "role", Session: "sid"}, Roles: roles(),
	}
	texts := map[string]string{}
	for _, k := range file.Keys {
		f := issuer.KeyFile{ID: k.Kid, Algorithm: k.Alg, File: k.Kid}
		b.Files = append(b.Files, f)
		if texts[k.Kid] = k.PublicKey; f.Secret() {
			texts[k.Kid] = k.Secret
		}
	}
	return b, b.Load(func(f issuer.KeyFile) ([]byte, error) { return []byte(texts[f.ID]), nil })
}

// roles are what the comparison calls them, in small letters.
func roles() map[string]policy.Role {
	all := map[string]policy.Role{}
	for _, role := range policy.Roles() {
		all[strings.ToLower(string(role))] = role
	}
	return all
}

// agrees says where the schema and matrix.csv differ from the comparison's permissions.json, which must say the same.
func agrees(common fs.FS, matrix *policy.Matrix, table *policy.Table) error {
	text, err := fs.ReadFile(common, "permissions.json")
	if err != nil {
		return err
	}
	var want struct {
		Permissions []policy.Permission
		Roles       map[string][]policy.Permission
		Fields      map[string]map[string]policy.Permission
	}
	if err := json.Unmarshal(text, &want); err != nil {
		return fmt.Errorf("permissions.json: %w", err)
	}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if named := roles(); len(want.Roles) != len(named) {
		fault("permissions.json has %d roles, want %d", len(want.Roles), len(named))
	} else {
		for name, role := range named {
			var held []policy.Permission
			for _, row := range matrix.Rows() {
				if slices.Contains(row.Roles, role) {
					held = append(held, row.Permission)
				}
			}
			if given := want.Roles[name]; !slices.Equal(slices.Sorted(slices.Values(held)), slices.Sorted(slices.Values(given))) {
				fault("%s holds %v, and in permissions.json %v", name, held, given)
			}
		}
	}
	for _, c := range table.Coordinates() {
		if c.Field == "" || strings.HasPrefix(c.Field, "__") {
			continue
		}
		permission := want.Fields[c.Type][c.Field]
		if !slices.Equal(c.Rules, []policy.Rule{{Kind: policy.HasPermission, Permission: permission, Action: policy.Read}}) {
			fault("%s.%s needs %v, and in permissions.json %s", c.Type, c.Field, c.Rules, permission)
		}
		delete(want.Fields[c.Type], c.Field)
	}
	maps.DeleteFunc(want.Fields, func(_ string, fields map[string]policy.Permission) bool { return len(fields) == 0 })
	if len(want.Fields) > 0 {
		fault("permissions.json has fields that the schema lacks: %v", want.Fields)
	}
	return errors.Join(faults...)
}

// root resolves everything from memory.
type root struct{ account *model.Account }

func (r root) Query() graph.QueryResolver   { return query(r) }
func (root) Account() graph.AccountResolver { return lists{} }

type query root

func (q query) Account(context.Context) (*model.Account, error) { return q.account, nil }

// lists are those of the account, cut to what is asked for.
type lists struct{}

func (lists) PhoneNumbers(_ context.Context, a *model.Account, first *int) ([]*model.PhoneNumber, error) {
	return cut(a.PhoneNumbers, first), nil
}

func (lists) APIKeys(_ context.Context, a *model.Account, first *int) ([]*model.APIKey, error) {
	return cut(a.APIKeys, first), nil
}

func (lists) Usage(_ context.Context, a *model.Account, first *int) ([]*model.UsageRecord, error) {
	return cut(a.Usage, first), nil
}

func (lists) Logs(_ context.Context, a *model.Account, first *int) ([]*model.LogEntry, error) {
	return cut(a.Logs, first), nil
}

func cut[T any](list []T, first *int) []T {
	if first == nil || *first < 0 || *first > len(list) {
		return list
	}
	return list[:*first]
}
