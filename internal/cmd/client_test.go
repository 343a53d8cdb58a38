package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// client is one caller: a guest when it has no token.
type client struct {
	p               *program
	access, refresh string
}

func (p *program) guest() client { return client{p: p} }

// as is a caller who has signed in, once for each program.
func (p *program) as(email string) client {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.clients[email]; ok {
		return c
	}
	c := p.signIn(email)
	p.clients[email] = c
	return c
}

const signInQuery = `mutation($email: String!, $password: String!) {
	signIn(input: {email: $email, password: $password}) { accessToken refreshToken } }`

// signIn opens a new session.
func (p *program) signIn(email string) client {
	p.t.Helper()
	a := p.guest().do(signInQuery, vars{"email": email, "password": password})
	a.ok(p.t)
	return client{p, a.text("signIn", "accessToken"), a.text("signIn", "refreshToken")}
}

// refresh gives the client of a user another token, as when their roles have changed.
func (p *program) refresh(email string) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.guest().do(`mutation($token: String!) { refreshSession(input: {refreshToken: $token}) { accessToken refreshToken } }`,
		vars{"token": p.clients[email].refresh}).ok(p.t)
	p.clients[email] = client{p, a.text("refreshSession", "accessToken"), a.text("refreshSession", "refreshToken")}
}

type vars = map[string]any

// answer is what came back of a request.
type answer struct {
	status     int
	header     http.Header
	body       string
	data       map[string]any
	hasData    bool
	errors     []failure
	extensions map[string]any
	took       time.Duration
}

// failure is one of the errors of an answer.
type failure struct {
	Message    string
	Path       []any
	Extensions struct {
		Code, Coordinate, Permission, Action string
		Limit                                string
		Max, RetryAfter                      int
		InputPath                            []string
	}
}

// do sends an operation as a patient front end does.
func (c client) do(query string, variables vars) answer {
	c.p.t.Helper()
	return c.p.patiently(repeatable(query), func() answer { return c.try(query, variables) })
}

// repeatable says whether an operation changes nothing, or nothing more when it is executed twice.
func repeatable(query string) bool {
	yes := !strings.HasPrefix(query, "mutation")
	for _, mutation := range []string{"signIn", "acceptInvitation", "setUserRoles", "endSession", "signOut"} {
		yes = yes || strings.Contains(query, mutation)
	}
	return yes
}

// patiently asks again while the program refuses as its Redis does not answer in time. An operation that was executed is
// asked for again if that is harmless.
func (p *program) patiently(harmless bool, ask func() answer) (a answer) {
	p.t.Helper()
	insist(p.t, func() (slow bool, said string) {
		a = ask()
		return a.slow() && (harmless || a.status == http.StatusServiceUnavailable), a.body
	})
	return a
}

// slow says whether the answer is that Redis does not answer in time.
func (a answer) slow() bool {
	return a.code() == "SERVICE_UNAVAILABLE" && a.errors[0].Extensions.Limit == ""
}

// insist asks again, after longer and longer pauses, while it is a slow Redis that is in the way, as happens on a machine
// that has much else to do. It gives up after some seconds. said is for the log.
func insist(t testing.TB, ask func() (slow bool, said string)) {
	t.Helper()
	for pause := 20 * time.Millisecond; ; pause *= 2 {
		slow, said := ask()
		if !slow || pause > time.Second {
			return
		}
		t.Logf("asking once more after: %s", said)
		time.Sleep(pause)
	}
}

// try sends an operation once.
func (c client) try(query string, variables vars) answer {
	c.p.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		c.p.t.Fatal(err)
	}
	return c.sendOnce(c.request(http.MethodPost, c.p.url, string(body)))
}

// request makes a request with the caller's token.
func (c client) request(method, url, body string) *http.Request {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		c.p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json, application/json;q=0.9")
	r.Header.Set("User-Agent", "fieldgate's tests")
	if c.access != "" {
		r.Header.Set("Authorization", "Bearer "+c.access)
	}
	return r
}

// send sends a request patiently and reads what comes back.
func (c client) send(r *http.Request) answer {
	c.p.t.Helper()
	return c.p.patiently(false, func() answer {
		if r.GetBody != nil {
			body, err := r.GetBody()
			if err != nil {
				c.p.t.Fatal(err)
			}
			r.Body = body
		}
		return c.sendOnce(r)
	})
}

// sendOnce sends a request and reads what comes back.
func (c client) sendOnce(r *http.Request) answer {
	c.p.t.Helper()
	begun := time.Now()
	resp, err := c.p.http.Do(r)
	if err != nil {
		c.p.t.Fatal(err)
	}
	a, err := answerOf(resp)
	if err != nil {
		c.p.t.Fatal(err)
	}
	a.took = time.Since(begun)
	return a
}

// answerOf reads what came back, and closes it.
func answerOf(resp *http.Response) (answer, error) {
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(text)}
	if err == nil && strings.Contains(resp.Header.Get("Content-Type"), "json") {
		err = a.parse(text)
	}
	return a, err
}

// parse reads an answer's members.
func (a *answer) parse(text []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return fmt.Errorf("%w in %s", err, text)
	}
	_, a.hasData = members["data"]
	for name, into := range map[string]any{"data": &a.data, "errors": &a.errors, "extensions": &a.extensions} {
		if err := json.Unmarshal(members[name], into); err != nil && members[name] != nil {
			return fmt.Errorf("%s: %w in %s", name, err, text)
		}
	}
	return nil
}

// ok fails the test unless the operation ran without any error.
func (a answer) ok(t testing.TB) answer {
	t.Helper()
	if a.status != http.StatusOK || len(a.errors) > 0 || a.data == nil {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return a
}

// refused fails the test unless the answer has this status and this code first.
func (a answer) refused(t testing.TB, status int, code string) answer {
	t.Helper()
	if a.status != status || a.code() != code {
		t.Errorf("got %d %s, want %d %s", a.status, a.body, status, code)
	}
	return a
}

// code is the code of the first error, "" when there is none.
func (a answer) code() string {
	if len(a.errors) == 0 {
		return ""
	}
	return a.errors[0].Extensions.Code
}

// at follows a path into the data: names, and indices of lists. It is nil where the path ends early.
func (a answer) at(path ...any) any {
	var value any = a.data
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

// text is at for a text that must be there.
func (a answer) text(path ...any) string {
	text, _ := a.at(path...).(string)
	return text
}

// all is every value at a path whose lists are taken in full, in the order of the answer, nulls left out.
func (a answer) all(names ...string) []any { return collect(a.data, names) }

func collect(value any, names []string) []any {
	if list, is := value.([]any); is {
		var all []any
		for _, item := range list {
			all = append(all, collect(item, names)...)
		}
		return all
	}
	if len(names) > 0 {
		object, is := value.(map[string]any)
		if !is {
			return nil
		}
		return collect(object[names[0]], names[1:])
	}
	if value == nil {
		return nil
	}
	return []any{value}
}
