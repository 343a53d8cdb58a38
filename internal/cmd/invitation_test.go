package cmd

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/identity"
)

// sqliteFile is how the driver is told of the database in a data folder.
func sqliteFile(data string) string {
	return filepath.Join(data, "fieldgate.db") + "?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)"
}

// changeData runs a statement in the database of a data folder, as another process would.
func changeData(data, statement string, args ...any) error {
	db, err := sql.Open("sqlite", sqliteFile(data))
	if err != nil {
		return err
	}
	_, err = db.Exec(statement, args...)
	return errors.Join(err, db.Close())
}

// invite takes an Owner's password away and gives them an invitation that is good for an
// hour from this long ago. It returns its token.
func (p *program) invite(email string, ago ...time.Duration) string {
	p.t.Helper()
	now := time.Now()
	for _, d := range ago {
		now = now.Add(-d)
	}
	i, token, err := identity.NewInvitation(now, time.Hour)
	if err != nil {
		p.t.Fatal(err)
	}
	p.change("UPDATE users SET password_hash = '' WHERE email = $1", email)
	db := p.open()
	defer db.Close()
	if err := db.InviteOwner(p.t.Context(), email, i); err != nil {
		p.t.Fatal(err)
	}
	return token
}

const acceptQuery = `mutation($token: String!, $password: String!) { acceptInvitation(input: {token: $token, password: $password}) { email } }`

// TestInvitationTellsNothing: whatever is wrong with a token, the answer is the same.
func TestInvitationTellsNothing(t *testing.T) {
	p := startDemo(t)
	const chosen = "a password of their own"
	expired := p.invite(secondOwner, 2*time.Hour)
	replaced := p.invite(owner)
	used := p.invite(owner)
	p.guest().do(acceptQuery, vars{"token": used, "password": chosen}).ok(t)
	var bodies []string
	for _, token := range []string{expired, replaced, used, "", "x", used[1:], used + "A", strings.Repeat("A", len(used)), strings.Repeat("A", 100_000), "' OR 1=1 --"} {
		for _, password := range []string{"another password", "short", ""} {
			a := p.guest().do(acceptQuery, vars{"token": token, "password": password}).refused(t, http.StatusOK, "NOT_FOUND")
			bodies = append(bodies, a.body)
		}
	}
	if bodies = slices.Compact(bodies); len(bodies) != 1 {
		t.Errorf("the answers differ: %q", bodies)
	}
	token := p.invite(secondOwner)
	for _, password := range []string{"", "short", strings.Repeat("x", 257)} {
		a := p.guest().do(acceptQuery, vars{"token": token, "password": password}).refused(t, http.StatusOK, "BAD_USER_INPUT")
		if got := strings.Join(a.errors[0].Extensions.InputPath, "."); got != "input.password" {
			t.Errorf("inputPath %q", got)
		}
	}
	p.guest().do(acceptQuery, vars{"token": token, "password": chosen}).ok(t)
	for _, secret := range []string{expired, replaced, used, token, chosen} {
		if strings.Contains(p.stderr.String()+p.stdout.String(), secret) {
			t.Error("a token or a password is in the log")
		}
	}
}

// TestInvitationOnce has twenty accept one invitation at the same time: the password is
// that of the one who was answered so.
func TestInvitationOnce(t *testing.T) {
	t.Parallel()
	p := startDemo(t, "--limit-sign-in-failures", "100")
	token := p.invite(owner)
	answers := make([]answer, 20)
	var wait sync.WaitGroup
	for i := range answers {
		wait.Go(func() {
			answers[i] = p.guest().do(acceptQuery, vars{"token": token, "password": fmt.Sprint("the password of ", i)})
		})
	}
	wait.Wait()
	won := 0
	for i, a := range answers {
		signedIn := p.guest().do(signInQuery, vars{"email": owner, "password": fmt.Sprint("the password of ", i)})
		if len(a.errors) > 0 {
			a.refused(t, http.StatusOK, "NOT_FOUND")
			signedIn.refused(t, http.StatusOK, "UNAUTHENTICATED")
			continue
		}
		won++
		signedIn.ok(t)
		if got := a.text("acceptInvitation", "email"); got != owner {
			t.Errorf("the address is %q", got)
		}
	}
	if won != 1 {
		t.Errorf("%d accepted it, want 1", won)
	}
}
