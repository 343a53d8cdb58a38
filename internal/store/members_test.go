package store_test

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// kept is an invitation of someone to these roles, good for an hour from the demo's moment on.
func kept(t *testing.T, email string, roles ...policy.Role) identity.KeptInvitation {
	t.Helper()
	return identity.KeptInvitation{Invitation: invitation(t), Email: email, Roles: roles, Sealed: "sealed", Most: 1000}
}

// count is how many rows a query finds.
func count(t *testing.T, s *store.Store, query string, args ...any) int {
	t.Helper()
	var n int
	if err := s.DB().QueryRow("SELECT COUNT(*) FROM "+query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func testInvite(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), demo.Main()
	owner, admin := as(a.SID, a.With(policy.Owner).SID), as(a.SID, a.With(policy.Administrator).SID)
	soon := storetest.Now().Add(time.Minute)
	first := kept(t, "new@example.com", policy.Support)
	first.Name = "Nova"
	first.IdempotencyKey = graphql.OmittableOf(new("once"))
	made, err := s.Invite(ctx, owner, first, mayAll)
	if err != nil || !made.Fresh || made.Object.Email != "new@example.com" || *made.Object.Name != "Nova" || *made.Object.InvitedBySid != owner.Intent.User {
		t.Fatalf("%+v, %v", made.Object, err)
	}
	again := kept(t, "new@example.com", policy.Support)
	again.Name, again.IdempotencyKey = first.Name, first.IdempotencyKey
	if repeated, err := s.Invite(ctx, owner, again, mayAll); err != nil || repeated.Fresh || repeated.Object.Sid != made.Object.Sid {
		t.Errorf("repeated: %+v, %v", repeated, err)
	}

	var asked []string
	second := kept(t, "new@example.com", policy.Developer, policy.BillingManager)
	replacing, err := s.Invite(ctx, admin, second, func(by identity.Member, replaced, roles []policy.Role, only bool) error {
		asked = append(asked, fmt.Sprint(by.SID, replaced, roles, only))
		return nil
	})
	if want := fmt.Sprint(admin.Intent.User, []policy.Role{policy.Support}, second.Roles, false); err != nil || !slices.Equal(asked, []string{want}) {
		t.Errorf("it was asked whether %q, want %q, error %v", asked, want, err)
	}
	if _, err := s.Invited(ctx, first.TokenHash, soon); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("the link that was replaced: %v", err)
	}
	if n := count(t, s, "mail_outbox"); n != 1 {
		t.Errorf("%d mails, want that of the newer invitation alone", n)
	}

	third := kept(t, "")
	resent, err := s.ResendInvitation(ctx, owner, replacing.Object.Sid, third, mayAll)
	if err != nil || resent.Sid != replacing.Object.Sid || *resent.InvitedBySid != owner.Intent.User || len(resent.Roles) != 2 {
		t.Errorf("%+v, %v", resent, err)
	}
	_, err = s.Invited(ctx, second.TokenHash, soon)
	wantProblem(t, err, problem.NotFound)
	if mails, err := s.PendingMails(ctx, soon, 10); err != nil || len(mails) != 1 || mails[0].TokenHash != third.TokenHash || mails[0].To != "new@example.com" || mails[0].Account != a.Name {
		t.Errorf("mails %+v, %v", mails, err)
	}
	if mails, err := s.PendingMails(ctx, third.Expires, 10); err != nil || len(mails) != 0 {
		t.Errorf("mails with links that are good for nothing: %+v, %v", mails, err)
	}

	t.Run("refused", func(t *testing.T) {
		no := problem.New(problem.Forbidden, "no")
		mayNot := func(identity.Member, []policy.Role, []policy.Role, bool) error { return no }
		before := rawRows(t, s, "SELECT * FROM invitations ORDER BY sid")
		other := as(demo.Second().SID, demo.Second().With(policy.Owner).SID)
		_, resending := s.ResendInvitation(ctx, owner, replacing.Object.Sid, kept(t, ""), mayNot)
		_, inviting := s.Invite(ctx, owner, kept(t, "new@example.com", policy.Support), mayNot)
		_, taken := s.Invite(ctx, owner, kept(t, "support@example.com", policy.Support), mayAll)
		full := kept(t, "newer@example.com", policy.Support)
		full.Most = len(before) - count(t, s, "invitations WHERE account_sid <> $1", a.SID)
		_, many := s.Invite(ctx, owner, full, mayAll)
		_, foreign := s.ResendInvitation(ctx, other, replacing.Object.Sid, kept(t, ""), mayAll)
		_, nobody := s.Invite(ctx, as(a.SID, other.Intent.User), kept(t, "new@example.com", policy.Support), mayAll)
		for name, row := range map[string]struct {
			err  error
			code problem.Code
		}{
			"inviting": {inviting, problem.Forbidden}, "sending again": {resending, problem.Forbidden},
			"revoking": {s.RevokeInvitation(ctx, owner, replacing.Object.Sid, mayNot), problem.Forbidden},
			"a user":   {taken, problem.Conflict}, "too many": {many, problem.Conflict},
			"another account's, sent again": {foreign, problem.NotFound},
			"another account's, revoked":    {s.RevokeInvitation(ctx, other, replacing.Object.Sid, mayAll), problem.NotFound},
			"by a user of another account":  {nobody, problem.Forbidden},
		} {
			if problem.CodeOf(row.err) != row.code {
				t.Errorf("%s: %v, want %s", name, row.err, row.code)
			}
		}
		if !reflect.DeepEqual(before, rawRows(t, s, "SELECT * FROM invitations ORDER BY sid")) {
			t.Error("invitations have changed")
		}
	})
	t.Run("accepted", func(t *testing.T) {
		var asked string
		email, err := s.AcceptInvitation(ctx, as(a.SID, ""), third.TokenHash, newHash, soon, func(by identity.Member, replaced, roles []policy.Role, only bool) error {
			asked = fmt.Sprint(by.SID, replaced, roles, only)
			return nil
		})
		if want := fmt.Sprint(owner.Intent.User, []policy.Role(nil), second.Roles, false); err != nil || email != "new@example.com" || asked != want {
			t.Fatalf("%q, %v; it was asked whether %s, want %s", email, err, asked, want)
		}
		c, err := s.CredentialOf(ctx, email)
		if err != nil || c.Account != a.SID || !slices.Equal(c.Roles, second.Roles) || c.PasswordHash != newHash {
			t.Errorf("%+v, %v", c.Member, err)
		}
		events := rawRows(t, s, "SELECT user_sid, resource_type, resource_sid, fields FROM audit_events WHERE account_sid = $1 ORDER BY sequence DESC LIMIT 1", a.SID)
		if want := []map[string]any{{"user_sid": "", "resource_type": "User", "resource_sid": c.SID, "fields": "email,name,roles"}}; !reflect.DeepEqual(events, want) {
			t.Errorf("the event is %v, want %v", events, want)
		}
		if n := count(t, s, "mail_outbox"); n != 0 {
			t.Errorf("%d mails are left", n)
		}
	})
	t.Run("an address that is another account's user's", func(t *testing.T) {
		n := kept(t, demo.Second().With(policy.Support).Email, policy.Support)
		if _, err := s.Invite(ctx, owner, n, mayAll); err != nil {
			t.Fatalf("it tells of another account: %v", err)
		}
		_, err := s.AcceptInvitation(ctx, as(a.SID, ""), n.TokenHash, newHash, soon, mayAll)
		wantProblem(t, err, problem.Conflict)
		if _, err := s.Invited(ctx, n.TokenHash, soon); err != nil {
			t.Errorf("it was used up: %v", err)
		}
	})
	t.Run("revoked", func(t *testing.T) {
		n := kept(t, "revoked@example.com", policy.Support)
		made, err := s.Invite(ctx, owner, n, mayAll)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.RevokeInvitation(ctx, admin, made.Object.Sid, mayAll); err != nil {
			t.Fatal(err)
		}
		_, err = s.AcceptInvitation(ctx, as(a.SID, ""), n.TokenHash, newHash, soon, mayAll)
		wantProblem(t, err, problem.NotFound)
	})
}

func testRemoveUser(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), demo.Main()
	owner, admin := as(a.SID, a.With(policy.Owner).SID), as(a.SID, a.With(policy.Administrator).SID)
	s.SetNow(func() time.Time { return asserted })
	before := count(t, s, "audit_events WHERE user_sid = $1", admin.Intent.User)
	if _, err := s.Invite(ctx, admin, kept(t, "new@example.com", policy.Support), mayAll); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateOAuthClient(ctx, admin, identity.KeptClient{
		NewClient: identity.NewClient{Name: "x", Grants: []policy.Grant{{Permission: "USAGE", Actions: []policy.Action{"READ"}}}},
		Creator:   admin.Intent.User, SecretHash: "x", Ends: asserted.AddDate(1, 0, 0), Most: 20,
	}); err != nil {
		t.Fatal(err)
	}
	change, err := s.RemoveUser(ctx, owner, admin.Intent.User, allow)
	if err != nil || change.User != admin.Intent.User || change.Generation != 7 {
		t.Fatalf("%+v, %v", change, err)
	}
	wantPending(t, s, change)
	for _, what := range []string{"users WHERE sid = $1", "invitations WHERE invited_by_sid = $1", "oauth_clients WHERE created_by_sid = $1"} {
		if n := count(t, s, what, admin.Intent.User); n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
	if n := count(t, s, "audit_events WHERE user_sid = $1", admin.Intent.User); n != before+2 {
		t.Errorf("%d events of theirs are left, want %d", n, before+2)
	}
	if n := count(t, s, "mail_outbox"); n != 0 {
		t.Errorf("%d mails are left of the invitations that they sent", n)
	}
	if _, err := s.Invite(ctx, owner, kept(t, a.With(policy.Administrator).Email, policy.Support), mayAll); err != nil {
		t.Errorf("their address cannot be invited: %v", err)
	}
	for name, row := range map[string]struct {
		target string
		code   problem.Code
	}{
		"the Owner": {owner.Intent.User, problem.Conflict}, "one who is gone": {admin.Intent.User, problem.NotFound},
		"another account's": {demo.Second().With(policy.Support).SID, problem.NotFound},
	} {
		if _, err := s.RemoveUser(ctx, owner, row.target, allow); problem.CodeOf(err) != row.code {
			t.Errorf("%s: %v, want %s", name, err, row.code)
		}
	}
	wantPending(t, s, change)
}

// testRemovedIdentity: who was removed does not come back by what an issuer says, until they are invited again, and not
// when that is taken back or over.
func testRemovedIdentity(t *testing.T, s *store.Store) {
	ctx, owner := t.Context(), as(demo.Main().SID, demo.Main().With(policy.Owner).SID)
	user, _, err := s.Admit(ctx, ines(policy.Support), unasked(t))
	if err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-time.Minute)
	them := ines(policy.Support)
	them.Email, them.Asserted = "another@corp.example", before // who they are is not their address
	comes := func(f identity.Federated, code problem.Code) (user string) {
		t.Helper()
		user, _, err := s.Admit(ctx, f, unasked(t))
		if problem.CodeOf(err) != code && (code != "" || err != nil) || (user == "") != (code != "") || code == problem.Forbidden && !errors.Is(err, identity.ErrRemoved) {
			t.Errorf("%q, %v, want %q", user, err, code)
		}
		return user
	}
	invites := func(in demo.Account, good time.Duration) string {
		t.Helper()
		n := kept(t, "ines@corp.example", policy.Developer)
		n.Expires = time.Now().Add(good)
		made, err := s.Invite(ctx, as(in.SID, in.With(policy.Owner).SID), n, mayAll)
		if err != nil {
			t.Fatal(err)
		}
		return made.Object.Sid
	}
	removed := func(user string) {
		t.Helper()
		if _, err := s.RemoveUser(ctx, owner, user, allow); err != nil {
			t.Fatal(err)
		}
	}
	removed(user)
	comes(them, problem.Forbidden)
	other, elsewhere := ines(policy.Support), ines(policy.Support) // nor their address who they are
	other.Subject, elsewhere.Issuer = "another", "https://another.example"
	comes(other, problem.Forbidden)
	comes(elsewhere, problem.Forbidden)
	invites(demo.Second(), time.Hour)
	them.Asserted = time.Now().Add(time.Minute)
	comes(them, problem.Forbidden)
	if err := s.RevokeInvitation(ctx, owner, invites(demo.Main(), time.Hour), mayAll); err != nil {
		t.Fatal(err)
	}
	comes(them, problem.Forbidden)
	invites(demo.Main(), -time.Second)
	comes(them, problem.Forbidden)
	invites(demo.Main(), time.Hour)
	old := them
	old.Asserted = before
	comes(old, problem.Conflict)
	again := comes(them, "")
	if m, err := s.MemberOf(ctx, again); err != nil || again == user || !slices.Equal(m.Roles, []policy.Role{policy.Support}) {
		t.Errorf("%+v, %v", m, err)
	}
	if n := count(t, s, "invitations WHERE email = 'ines@corp.example' AND account_sid = $1", demo.Main().SID); n != 0 {
		t.Errorf("%d invitations are open still", n)
	}
	removed(again)
	comes(them, problem.Forbidden)

	// Who signed in here is not brought back by their address either.
	support := demo.Main().With(policy.Support)
	removed(support.SID)
	f := ines(policy.Administrator)
	f.Subject, f.Email, f.Asserted = "support", support.Email, time.Now().Add(time.Minute)
	comes(f, problem.Forbidden)
}

// handOver is a check of a transfer: who hands over must be the Owner.
func handOver(by, _ identity.Member) (int64, int64, error) {
	if by.Roles[0] != policy.Owner {
		return 0, 0, problem.New(problem.Forbidden, "no longer the Owner")
	}
	return 3, 4, nil
}

func testTransfer(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), demo.Main()
	owner, support := a.With(policy.Owner).SID, a.With(policy.Support).SID
	changes, err := s.TransferOwnership(ctx, as(a.SID, owner), support, handOver)
	if err != nil || len(changes) != 2 || changes[0].User != owner || changes[0].Generation != 3 || changes[1].User != support || changes[1].Generation != 4 {
		t.Fatalf("%+v, %v", changes, err)
	}
	pending, err := s.PendingRoleChanges(ctx, 10)
	byUser := func(a, b identity.RoleChange) int { return cmp.Compare(a.User, b.User) }
	slices.SortFunc(pending, byUser)
	slices.SortFunc(changes, byUser)
	if err != nil || !slices.Equal(pending, changes) {
		t.Errorf("in the outbox are %v, want %v, error %v", pending, changes, err)
	}
	for sid, want := range map[string]policy.Role{owner: policy.Administrator, support: policy.Owner} {
		if m, err := s.MemberOf(ctx, sid); err != nil || !slices.Equal(m.Roles, []policy.Role{want}) {
			t.Errorf("%v, %v, want %s", m.Roles, err, want)
		}
	}
	for name, row := range map[string]struct {
		by, to string
		code   problem.Code
	}{
		"who is Owner no more": {owner, a.With(policy.Developer).SID, problem.Forbidden},
		"another account's":    {support, demo.Second().With(policy.Support).SID, problem.NotFound},
		"nobody":               {support, "US1", problem.NotFound},
	} {
		if _, err := s.TransferOwnership(ctx, as(a.SID, row.by), row.to, handOver); problem.CodeOf(err) != row.code {
			t.Errorf("%s: %v, want %s", name, err, row.code)
		}
	}
}

// race runs all at the same time and returns their errors.
func race(all ...func() error) []error {
	errs := make([]error, len(all))
	var wait sync.WaitGroup
	for i, one := range all {
		wait.Go(func() { errs[i] = one() })
	}
	wait.Wait()
	return errs
}

// testTransfersAtOnce: of many who would hand over at the same time one does, and there is one Owner.
func testTransfersAtOnce(t *testing.T, s *store.Store) {
	a := demo.Main()
	owner := func() upstream.Change { return as(a.SID, a.With(policy.Owner).SID) }
	var all []func() error
	for _, role := range []policy.Role{policy.Administrator, policy.Developer, policy.BillingManager, policy.Support} {
		all = append(all, func() error {
			_, err := s.Peer().TransferOwnership(t.Context(), owner(), a.With(role).SID, handOver)
			return err
		})
	}
	won := 0
	for _, err := range race(all...) {
		if err == nil {
			won++
		} else if problem.CodeOf(err) != problem.Forbidden {
			t.Error(err)
		}
	}
	if owners := count(t, s, "users WHERE account_sid = $1 AND roles = 'OWNER'", a.SID); won != 1 || owners != 1 {
		t.Errorf("%d have handed over, and there are %d Owners", won, owners)
	}
}

// testRemovalRacesRoles: a removal and a change of roles at the same time: either is first, and who was removed stays so.
func testRemovalRacesRoles(t *testing.T, s *store.Store) {
	a := demo.Main()
	owner := func() upstream.Change { return as(a.SID, a.With(policy.Owner).SID) }
	target := a.With(policy.Support).SID
	errs := race(
		func() error { _, err := s.Peer().RemoveUser(t.Context(), owner(), target, allow); return err },
		func() error {
			_, err := s.Peer().SetRoles(t.Context(), owner(), target, []policy.Role{policy.Developer}, allow)
			return err
		},
		func() error { _, err := s.Peer().TransferOwnership(t.Context(), owner(), target, handOver); return err },
	)
	// A transfer that is first leaves no Owner who could remove or be changed; one that is later finds nobody.
	_, err := s.MemberOf(t.Context(), target)
	gone := problem.CodeOf(err) == problem.NotFound
	if gone != (errs[0] == nil) || gone == (errs[2] == nil) {
		t.Errorf("removal: %v, roles: %v, transfer: %v; they are there: %v", errs[0], errs[1], errs[2], err)
	}
	if owners := count(t, s, "users WHERE account_sid = $1 AND roles = 'OWNER'", a.SID); owners != 1 {
		t.Errorf("%d Owners", owners)
	}
}

// testAcceptRacesRevoke: an invitation is accepted by one of many, or revoked, at the same time.
func testAcceptRacesRevoke(t *testing.T, s *store.Store) {
	a := demo.Main()
	owner := func() upstream.Change { return as(a.SID, a.With(policy.Owner).SID) }
	for i := range 5 {
		n := kept(t, fmt.Sprintf("new%d@example.com", i), policy.Support)
		made, err := s.Invite(t.Context(), owner(), n, mayAll)
		if err != nil {
			t.Fatal(err)
		}
		accept := func() error {
			_, err := s.Peer().AcceptInvitation(t.Context(), as(a.SID, ""), n.TokenHash, newHash, storetest.Now(), mayAll)
			return err
		}
		errs := race(accept, func() error { return s.Peer().RevokeInvitation(t.Context(), owner(), made.Object.Sid, mayAll) }, accept)
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if problem.CodeOf(err) != problem.NotFound {
				t.Error(err)
			}
		}
		if users := count(t, s, "users WHERE email = $1", n.Email); won != 1 || users == 1 != (errs[1] != nil) {
			t.Errorf("%v; %d users", errs, users)
		}
	}
}

// testInvitesAtOnce: many who invite one address at the same time leave one invitation, with one mail.
func testInvitesAtOnce(t *testing.T, s *store.Store) {
	a := demo.Main()
	owner := func() upstream.Change { return as(a.SID, a.With(policy.Owner).SID) }
	var all []func() error
	for range 6 {
		n := kept(t, "new@example.com", policy.Support)
		all = append(all, func() error { _, err := s.Peer().Invite(t.Context(), owner(), n, mayAll); return err })
	}
	if err := errors.Join(race(all...)...); err != nil {
		t.Error(err)
	}
	if n, mails := count(t, s, "invitations WHERE email = 'new@example.com'"), count(t, s, "mail_outbox"); n != 1 || mails != 1 {
		t.Errorf("%d invitations and %d mails", n, mails)
	}
}

// testRemovalRacesAdmission: who comes from another issuer while they are removed is gone in the end, and so is who is
// invited by someone who is being removed.
func testRemovalRacesAdmission(t *testing.T, s *store.Store) {
	a := demo.Main()
	owner := func() upstream.Change { return as(a.SID, a.With(policy.Owner).SID) }
	inviter := a.With(policy.Administrator).SID
	user, _, err := s.Admit(t.Context(), ines(policy.Support), unasked(t))
	if err != nil {
		t.Fatal(err)
	}
	later := ines(policy.Developer)
	later.Asserted = time.Now()
	admit := func() error {
		_, _, err := s.Peer().Admit(t.Context(), later, func(string) (int64, error) { return 1, nil })
		return err
	}
	remove := func(user string) func() error {
		return func() error { _, err := s.Peer().RemoveUser(t.Context(), owner(), user, allow); return err }
	}
	n := kept(t, "new@example.com", policy.Support)
	errs := race(admit, remove(user), admit, remove(inviter), func() error {
		_, err := s.Peer().Invite(t.Context(), as(a.SID, inviter), n, mayAll)
		return err
	}, admit)
	for i, err := range errs {
		if err != nil && (i == 1 || i == 3 || problem.CodeOf(err) != problem.Forbidden) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if left := count(t, s, "users WHERE email = 'ines@corp.example' OR sid = $1", inviter); left != 0 {
		t.Errorf("%d of the two are there still", left)
	}
	if open := count(t, s, "invitations WHERE email = $1", n.Email); open != 0 {
		t.Errorf("%d invitations are open that someone sent who is gone", open)
	}
	if err := admit(); !errors.Is(err, identity.ErrRemoved) {
		t.Errorf("afterwards: %v", err)
	}
}
