package cmd

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// TestSecretsAreShownOnce runs each mutation whose payload has a secret, as the Owner: the secret is in that answer, which
// nobody keeps, and neither in another answer nor, as itself, in the database, in Redis or in what the gateway writes.
func TestSecretsAreShownOnce(t *testing.T) {
	eachDatabase(t, secretsAreShownOnce)
}

func secretsAreShownOnce(t *testing.T, on kept) {
	s := load(t, sdl(t))
	p := on.start(t, "--redis-url", startRedis(t).url(), "--log-level", "debug")
	secrets := map[string]string{} // by the coordinate that showed it
	for _, m := range s.Mutation.Fields {
		var shown []string
		for _, f := range s.Types[m.Type.Name()].Fields {
			if secretName(f.Name) {
				shown = append(shown, f.Name)
			}
		}
		if len(shown) == 0 {
			continue
		}
		who := p.signIn(owner)
		try := lessonOf(t, m.Name).attempt(t, demoTenant(p), who)
		a := who.do("mutation { "+m.Name+try.input+" { "+strings.Join(shown, " ")+" } }", nil).ok(t)
		if kept := a.header.Get("Cache-Control"); kept != "private, no-store" || a.header.Get("Content-Encoding") != "" {
			t.Errorf("Mutation.%s is answered with Cache-Control: %s, Content-Encoding: %s", m.Name, kept, a.header.Get("Content-Encoding"))
		}
		for _, name := range shown {
			secret := a.text(m.Name, name)
			if len(secret) < 32 {
				t.Errorf("Mutation.%s: %s is %q", m.Name, name, secret)
			}
			secrets[m.Name+"."+name] = secret
		}
	}
	if len(secrets) < 7 { // two of signIn, two of refreshSession, an API key's, a client's, the auth token
		t.Errorf("only %d secrets: %v", len(secrets), secrets)
	}
	absent := func(where string, text []byte) {
		t.Helper()
		for coordinate, secret := range secrets {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s has what %s has shown", where, coordinate)
			}
		}
	}

	for object, way := range routes(s, 30) {
		query := way.open + "__typename " + scalars(s, s.Types[object]) + way.close
		absent("the answer to "+query, []byte(p.as(owner).do(query, nil).ok(t).body))
	}
	redis := everythingIn(t, p.redis)
	absent("Redis", redis)
	if !bytes.Contains(redis, []byte(p.as(owner).do(`{ viewer { sid } }`, nil).ok(t).text("viewer", "sid"))) {
		t.Error("this test does not see what is in Redis")
	}
	sum := sha256.Sum256([]byte(secrets["rotateAuthToken.authToken"]))
	hash, found := hex.EncodeToString(sum[:]), false
	for _, row := range p.dump() {
		absent("a row of "+row.name, []byte(strings.Join(row.values, "\n")))
		found = found || slices.Contains(row.values, hash)
	}
	if !found {
		t.Error("the auth token's hash is nowhere: this test does not see the database")
	}
	if status := p.stop(); status != 0 {
		t.Errorf("it stopped with %d", status)
	}
	absent("what the gateway has written", []byte(p.stdout.String()+p.stderr.String()))
}

// TestRotateAuthToken: who may gets another token each time, and nobody else's account is meant by it.
func TestRotateAuthToken(t *testing.T) {
	eachDatabase(t, func(t *testing.T, on kept) {
		p := on.start(t)
		const rotate = `mutation($id: ID!) { rotateAuthToken(input: {accountId: $id}) { authToken dateRotated } }`
		mine, theirs := p.as(owner).do(`{ account { id } }`, nil).ok(t).text("account", "id"), p.as(secondOwner).do(`{ account { id } }`, nil).ok(t).text("account", "id")
		seen := map[string]bool{}
		for _, who := range []string{owner, administrator, developer, owner} {
			token := p.as(who).do(rotate, vars{"id": mine}).ok(t).text("rotateAuthToken", "authToken")
			if len(token) != 32 || strings.Trim(token, "0123456789abcdef") != "" || seen[token] {
				t.Errorf("as %s: %q", who, token)
			}
			seen[token] = true
		}
		unknown := p.as(owner).do(rotate, vars{"id": unknownID(t, mine)}).refused(t, 200, "NOT_FOUND")
		alike(t, "another's account", p.as(owner).do(rotate, vars{"id": theirs}), unknown)
		p.as(owner).do(rotate, vars{"id": encodeID("ApiKey", "x")}).refused(t, 200, "BAD_USER_INPUT")
		robot := p.asClient(p.as(owner).makeClient("rotates", grants{grantOf("API_CREDENTIALS", "READ", "CREATE", "UPDATE", "DELETE")}))
		robot.do(rotate, vars{"id": mine}).refused(t, 200, "FORBIDDEN")
	})
}

// everythingIn is all that a Redis holds, as text.
func everythingIn(t *testing.T, url string) []byte {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	r, ctx := redis.NewClient(options), t.Context()
	defer r.Close()
	keys, err := r.Keys(ctx, "*").Result()
	if err != nil || len(keys) == 0 {
		t.Fatalf("the keys of Redis: %q, %v", keys, err)
	}
	var all strings.Builder
	for _, key := range keys {
		var value redis.Cmder
		switch kind := r.Type(ctx, key).Val(); kind {
		case "none": // it has expired meanwhile
			continue
		case "string":
			value = r.Get(ctx, key)
		case "hash":
			value = r.HGetAll(ctx, key)
		case "set":
			value = r.SMembers(ctx, key)
		case "zset":
			value = r.ZRangeWithScores(ctx, key, 0, -1)
		case "stream":
			value = r.XRange(ctx, key, "-", "+")
		default:
			t.Fatalf("%s is a %s: teach this test to read it", key, kind)
		}
		if value.Err() != nil && value.Err() != redis.Nil {
			t.Fatal(value.Err())
		}
		fmt.Fprintln(&all, value)
	}
	return []byte(all.String())
}
