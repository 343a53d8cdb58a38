package resolvers

import (
	"context"
	"fmt"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/relay"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// Viewer answers from the principal. The address alone is read, if it is asked for.
func (r query) Viewer(ctx context.Context) (*model.Viewer, error) {
	p, asked := auth.From(ctx), engine.Fields(ctx, "")
	v := &model.Viewer{Sid: p.SID(), Roles: modelRoles(p.Roles), Permissions: []*model.HeldPermission{}}
	if p.Client == "" && p.Issuer == "" && asked.Has("email") { // a client has no address, and its creator's is not its to tell
		member, err := r.Users.MemberOf(ctx, p.User)
		if err != nil {
			return nil, err
		}
		v.Email = &member.Email
	}
	if !asked.Has("permissions") {
		return v, nil
	}
	for _, held := range r.Matrix.Held(p.Set) {
		row := &model.HeldPermission{Permission: model.Permission(held.Permission)}
		for _, a := range held.Actions {
			row.Actions = append(row.Actions, model.Action(a))
		}
		v.Permissions = append(v.Permissions, row)
	}
	return v, nil
}

func (r query) Account(ctx context.Context) (*model.Account, error) {
	return r.Upstream.Account(ctx, scope(ctx, ""))
}

// maxNodes is how many objects are found at once.
const maxNodes = 100

// Node finds any object by its global id. That the caller may know of the type was
// decided from the id before this runs.
func (r query) Node(ctx context.Context, id string) (model.Node, error) {
	return r.find(ctx, id, "id")
}

// Nodes finds objects by their global ids, in the order of the ids. What goes wrong with
// one is an error at its place.
func (r query) Nodes(ctx context.Context, ids []string) ([]model.Node, error) {
	if len(ids) > maxNodes {
		return nil, problem.Input(fmt.Sprintf("ids has at most %d ids.", maxNodes), "ids")
	}
	nodes := make([]model.Node, len(ids))
	for i, id := range ids {
		if engine.Withheld(ctx, i) {
			continue
		}
		var err error
		if nodes[i], err = r.find(ctx, id, "ids", strconv.Itoa(i)); err != nil {
			graphql.AddError(graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i}), err)
		}
	}
	return nodes, nil
}

// find gets the object that an id of the input at this path names.
func (r query) find(ctx context.Context, id string, path ...string) (model.Node, error) {
	typeName, key, ok := relay.ParseID(id)
	if !ok {
		return nil, problem.Input("This is no id that the API has given.", path...)
	}
	s := upstream.NewScope(auth.From(ctx).Account, engine.FieldsOf(ctx, typeName, ""))
	switch typeName {
	case "Account":
		if key != s.Account() {
			return nil, problem.Missing()
		}
		return found(r.Upstream.Account(ctx, s))
	case "ApiKey":
		return found(r.Upstream.APIKey(ctx, s, key))
	case "AuditEvent":
		return found(r.Upstream.AuditEvent(ctx, s, key))
	case "PhoneNumber":
		return found(r.Upstream.PhoneNumber(ctx, s, key))
	case "SenderIdRegistration":
		return found(r.Upstream.SenderIDRegistration(ctx, s, key))
	case "Invoice":
		return found(r.Upstream.Invoice(ctx, s, key))
	case "PaymentMethod":
		return found(r.Upstream.PaymentMethod(ctx, s, key))
	case "Call":
		return found(r.Upstream.Call(ctx, s, key))
	case "Message":
		return found(r.Upstream.Message(ctx, s, key))
	case "Alert":
		return found(r.Upstream.Alert(ctx, s, key))
	case "Sim":
		return found(r.Upstream.Sim(ctx, s, key))
	case "Fleet":
		return found(r.Upstream.Fleet(ctx, s, key))
	case "NetworkAccessProfile":
		return found(r.Upstream.NetworkAccessProfile(ctx, s, key))
	case "UsageTrigger":
		return found(r.Upstream.UsageTrigger(ctx, s, key))
	case "CustomerProfile":
		return found(r.Upstream.CustomerProfile(ctx, s, key))
	case "TrustProduct":
		return found(r.Upstream.TrustProduct(ctx, s, key))
	case "Application":
		return found(r.Upstream.Application(ctx, s, key))
	case "StudioFlow":
		return found(r.Upstream.StudioFlow(ctx, s, key))
	case "FunctionService":
		return found(r.Upstream.FunctionService(ctx, s, key))
	case "Function":
		return found(r.Upstream.Function(ctx, s, key))
	case "Worker":
		return found(r.Upstream.Worker(ctx, s, key))
	case "TaskQueue":
		return found(r.Upstream.TaskQueue(ctx, s, key))
	case "User":
		return found(r.Users.User(ctx, s, key))
	case "Invitation":
		return found(r.Users.Invitation(ctx, s, key))
	case "OAuthClient":
		return found(r.Users.OAuthClient(ctx, s, key))
	}
	return nil, problem.Missing()
}

// found keeps a nil pointer from becoming a Node that is not nil.
func found[T any, P interface {
	*T
	model.Node
}](object P, err error) (model.Node, error) {
	if err != nil || object == nil {
		return nil, err
	}
	return object, nil
}

func (r query) PermissionMatrix(context.Context) ([]*model.PermissionRow, error) {
	var rows []*model.PermissionRow
	for _, row := range r.Matrix.Rows() {
		m := &model.PermissionRow{
			Permission: model.Permission(row.Permission),
			Title:      row.Title,
			Roles:      modelRoles(row.Roles),
			Implies:    []model.Permission{},
			Source:     row.Source,
		}
		for _, p := range row.Implies {
			m.Implies = append(m.Implies, model.Permission(p))
		}
		rows = append(rows, m)
	}
	return rows, nil
}

func modelRoles(roles []policy.Role) []model.Role {
	out := make([]model.Role, len(roles))
	for i, role := range roles {
		out[i] = model.Role(role)
	}
	return out
}
