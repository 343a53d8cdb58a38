package engine

import (
	"encoding/json"
	"fmt"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// refusal is why something is denied: the schema coordinate, the rule that the
// caller does not pass, and whether the caller is a guest, who may yet sign in.
type refusal struct {
	coordinate string
	rule       policy.Rule
	guest      bool
	// head and tail are what an answer's error has before its path and after it, as JSON.
	head, tail string
	next       *refusal // of the same coordinate
}

func newRefusal(coordinate string, rule policy.Rule, guest bool) *refusal {
	r := &refusal{coordinate: coordinate, rule: rule, guest: guest}
	r.head = `{"message":` + encoded(r.message())
	r.tail = `,"extensions":` + encoded(r.extensions()) + "}"
	return r
}

// encoded is a value of texts as JSON.
func encoded(value any) string {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err) // texts do not fail to encode
	}
	return string(body)
}

// code tells a guest, who may sign in, from a caller who lacks a permission.
func (r *refusal) code() problem.Code {
	if r.guest && r.rule.Kind != policy.Deny {
		return problem.Unauthenticated
	}
	return problem.Forbidden
}

func (r *refusal) message() string {
	switch {
	case r.code() == problem.Unauthenticated:
		return fmt.Sprintf("Sign in to use %s.", r.coordinate)
	case r.rule.Kind == policy.HasPermission:
		return fmt.Sprintf("%s needs the permission %s (%s).", r.coordinate, r.rule.Permission, r.rule.Action)
	}
	return fmt.Sprintf("%s is open to nobody.", r.coordinate)
}

func (r *refusal) extensions() map[string]any {
	ext := map[string]any{"code": r.code(), "coordinate": r.coordinate}
	if r.rule.Kind == policy.HasPermission {
		ext["permission"] = r.rule.Permission
		ext["action"] = r.rule.Action
	}
	return ext
}
