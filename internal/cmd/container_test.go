package cmd

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/goccy/go-yaml"
)

// No container is run here. What is held is everything else: that the build's own command gives a program which needs
// nothing around it, that each setting is one that the program has, and that Redis keeps what it is told.

// instruction is one line of a Dockerfile, with those that go on from it.
type instruction struct{ name, value string }

// dockerfile reads the Dockerfile, and where its last stage begins.
func dockerfile() (all []instruction, last int, err error) {
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		return nil, 0, err
	}
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", "")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, _ := strings.Cut(line, " ")
		if name == "FROM" {
			last = len(all)
		}
		all = append(all, instruction{name, strings.TrimSpace(value)})
	}
	return all, last, nil
}

// values are those of every instruction of a name.
func values(all []instruction, name string) []string {
	var found []string
	for _, i := range all {
		if i.name == name {
			found = append(found, i.value)
		}
	}
	return found
}

// buildCommand is the command by which the Dockerfile builds the program, to another folder.
func buildCommand(folder string) (string, error) {
	all, _, err := dockerfile()
	if err != nil {
		return "", err
	}
	for _, run := range values(all, "RUN") {
		if strings.Contains(run, "go build") {
			return strings.ReplaceAll(run, "/out/", folder+"/"), nil
		}
	}
	return "", errors.New("the Dockerfile builds nothing")
}

// build makes the program as a file in a folder: as the Dockerfile does when FIELDGATE_TEST_IMAGE is set, which compiles
// everything once more, and otherwise from what was compiled for the tests.
func build(folder string) (file string, err error) {
	file = filepath.Join(folder, "fieldgate")
	command := exec.Command("go", "build", "-o", file, ".")
	if os.Getenv("FIELDGATE_TEST_IMAGE") != "" {
		script, err := buildCommand(folder)
		if err != nil {
			return "", err
		}
		command = exec.Command("sh", "-c", script)
		command.Env = append(os.Environ(), "TARGETOS="+runtime.GOOS, "TARGETARCH="+runtime.GOARCH)
	}
	command.Dir = "../.."
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", command, err, out)
	}
	return file, nil
}

// variables are the environment variables that the program reads.
func variables(t testing.TB) []string {
	t.Helper()
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var visit func(*kong.Node)
	visit = func(n *kong.Node) {
		for _, f := range n.Flags {
			names = append(names, f.Envs...)
		}
		for _, child := range n.Children {
			visit(child)
		}
	}
	visit(parser.Model.Node)
	return names
}

func TestDockerfile(t *testing.T) {
	all, last, err := dockerfile()
	if err != nil {
		t.Fatal(err)
	}
	stage := all[last:]
	if stage[0].value != "scratch" {
		t.Errorf("the image is made from %s", stage[0].value)
	}
	one := func(name string) string {
		found := values(stage, name)
		if len(found) != 1 {
			t.Fatalf("%s: %q", name, found)
		}
		return found[0]
	}
	if user := one("USER"); user != "65532:65532" {
		t.Errorf("the user is %s: a number, so that it can be seen not to be root", user)
	}
	if one("ENTRYPOINT") != `["/fieldgate"]` || !strings.HasSuffix(one("HEALTHCHECK"), `CMD ["/fieldgate", "healthcheck"]`) {
		t.Errorf("%q", stage)
	}
	known := variables(t)
	set := map[string]string{}
	for _, pair := range strings.Fields(one("ENV")) {
		name, value, _ := strings.Cut(pair, "=")
		set[name] = value
		if !slices.Contains(known, name) {
			t.Errorf("no command reads %s", name)
		}
	}
	if set["FIELDGATE_DATA"] != one("VOLUME") || !strings.HasSuffix(set["FIELDGATE_LISTEN"], ":"+one("EXPOSE")) {
		t.Errorf("%v", set)
	}
	ignored := strings.Split(read(t, "../../.dockerignore"), "\n")
	for _, secret := range []string{"data", "secrets", ".git"} {
		if !slices.Contains(ignored, secret) {
			t.Errorf("%s is among what the image is built from", secret)
		}
	}
}

// TestStatic: what the Dockerfile builds starts without a loader and without libraries.
func TestStatic(t *testing.T) {
	const want = `CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags "-s -w" -o DIR/fieldgate .`
	if command, err := buildCommand("DIR"); err != nil || command != want {
		t.Errorf("the build is %s, %v", command, err)
	}
	if os.Getenv("FIELDGATE_TEST_IMAGE") == "" {
		return
	}
	name, err := built()
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("it wants a loader")
		}
	}
	if libraries, err := file.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("it wants %q, %v", libraries, err)
	}
	folder, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(read(t, name), folder+"/") {
		t.Error("it names the folder that it was built in")
	}
}

// composition is what is looked at of compose.yaml.
type composition struct {
	Services map[string]service
	Secrets  map[string]struct{ File string }
	Volumes  map[string]any
	Networks map[string]struct{ Internal bool }
}

type service struct {
	Image       string
	User        string
	Environment map[string]string
	Command     []string
	Secrets     []string
	Volumes     []string
	Networks    []string
	Ports       []string
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	Healthcheck struct{ Test []string }
	StopGrace   string   `yaml:"stop_grace_period"`
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
	SecurityOpt []string `yaml:"security_opt"`
}

func compose(t *testing.T) composition {
	t.Helper()
	var c composition
	if err := yaml.Unmarshal([]byte(read(t, "../../compose.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCompose(t *testing.T) {
	c := compose(t)
	known := variables(t)
	if len(c.Services) != 3 {
		t.Fatalf("services %v", c.Services)
	}
	for name, s := range c.Services {
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
			t.Errorf("%s may do more than it needs: %+v", name, s)
		}
		if len(s.Healthcheck.Test) == 0 || (name != "fieldgate" && (s.User == "" || s.User == "root")) {
			t.Errorf("%s: %+v", name, s)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s is open to the world at %s", name, port)
			}
		}
		for variable, value := range s.Environment {
			if strings.HasPrefix(variable, "FIELDGATE_") && !slices.Contains(known, variable) {
				t.Errorf("no command reads %s", variable)
			}
			if strings.HasSuffix(variable, "_FILE") && !slices.Contains(s.Secrets, strings.TrimPrefix(value, "/run/secrets/")) {
				t.Errorf("%s has no secret for %s", name, variable)
			}
			if strings.Contains(variable, "PASSWORD") && !strings.HasSuffix(variable, "_FILE") {
				t.Errorf("%s: %s is a secret in the open", name, variable)
			}
		}
		for _, secret := range s.Secrets {
			if c.Secrets[secret].File != "secrets/"+secret {
				t.Errorf("%s: there is no secret %s", name, secret)
			}
		}
		for _, network := range s.Networks {
			if name != "fieldgate" && !c.Networks[network].Internal {
				t.Errorf("%s is in the network %s, which leads outside", name, network)
			}
		}
		for other, on := range s.DependsOn {
			if on.Condition != "service_healthy" || len(c.Services[other].Healthcheck.Test) == 0 {
				t.Errorf("%s starts before %s is well", name, other)
			}
		}
	}
	gateway := c.Services["fieldgate"]
	if got := gateway.Healthcheck.Test; !reflect.DeepEqual(got, []string{"CMD", "/fieldgate", "healthcheck", "--ready"}) {
		t.Errorf("the gateway is asked how it is by %q", got)
	}
	var line commands
	parser, err := kong.New(&line)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range gateway.Environment {
		if strings.HasPrefix(name, "FIELDGATE_DRAIN") {
			t.Setenv(name, value)
		}
	}
	if _, err := parser.Parse([]string{"serve"}); err != nil {
		t.Fatal(err)
	}
	grace, err := time.ParseDuration(gateway.StopGrace)
	if needed := line.Serve.DrainDelay + line.Serve.DrainTimeout + flushTime; err != nil || grace <= needed {
		t.Errorf("a stop takes up to %s and is killed after %s", needed, gateway.StopGrace)
	}
}

// TestComposeRedis: Redis, as compose.yaml starts it and with the secrets of deploy/secrets.sh, is one that the gateway does
// not warn of; it lets nobody in without the password, and the gateway's URL has that.
func TestComposeRedis(t *testing.T) {
	secrets := composeSecrets(t)
	command := compose(t).Services["redis"].Command
	settings := strings.Join(command, " ")
	for _, want := range []string{"redis-server /run/secrets/redis.conf ", " --appendonly yes", " --maxmemory-policy noeviction"} {
		if !strings.Contains(settings, want) {
			t.Errorf("Redis is started by %q, without %q", settings, want)
		}
	}
	url := strings.TrimSpace(read(t, filepath.Join(secrets, "redis-url")))
	if !strings.Contains(url, "@redis:6379/") {
		t.Errorf("the gateway looks for Redis elsewhere")
	}
	if _, err := session.NewClient(url); err != nil {
		t.Error(err)
	}
	_, password, _ := strings.Cut(read(t, filepath.Join(secrets, "redis.conf")), " ")
	if password = strings.TrimSpace(password); len(password) != 48 || !strings.Contains(url, ":"+password+"@") {
		t.Errorf("a password of %d characters, which the gateway has: %v", len(password), strings.Contains(url, password))
	}
	binary := os.Getenv("FIELDGATE_TEST_REDIS_SERVER")
	if binary == "" {
		return
	}
	address := freeAddress(t)
	_, port, _ := strings.Cut(address, ":")
	arguments := append([]string{filepath.Join(secrets, "redis.conf"), "--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir()}, command[2:]...)
	server := exec.Command(binary, arguments...)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	ask := func(url string) (session.Durability, error) {
		client, err := session.NewClient(url)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		return session.New(client, time.Now, session.Options{}).Durability(context.Background())
	}
	here := strings.Replace(url, "redis:6379", address, 1)
	var found session.Durability
	eventually(t, "Redis answers", func() bool {
		var err error
		found, err = ask(here)
		return err == nil
	})
	if found != (session.Durability{Logged: true}) {
		t.Errorf("%+v", found)
	}
	eventually(t, "without the password it refuses", func() bool {
		_, err := ask("redis://" + address)
		if err == nil {
			t.Fatal("without the password it answers")
		}
		return strings.Contains(err.Error(), "NOAUTH")
	})
}

// composeSecrets runs deploy/secrets.sh in a copy of its folder, and returns that of the secrets.
func composeSecrets(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	script := filepath.Join(root, "deploy", "secrets.sh")
	if err := os.Mkdir(filepath.Dir(script), 0o700); err != nil {
		t.Fatal(err)
	}
	rewrite(t, script, []byte(read(t, "../../deploy/secrets.sh")))
	if out, err := exec.Command("sh", script).CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%v: %s", err, out)
	}
	folder := filepath.Join(root, "secrets")
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("others may look into the folder: %v, %v", info.Mode(), err)
	}
	for name := range compose(t).Secrets {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Mode().Perm() != 0o644 || info.Size() == 0 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	before := read(t, filepath.Join(folder, "postgres-password"))
	if err := exec.Command("sh", script).Run(); err == nil || read(t, filepath.Join(folder, "postgres-password")) != before {
		t.Error("secrets that were there have been made anew")
	}
	if !strings.Contains(read(t, filepath.Join(folder, "database-url")), ":"+strings.TrimSpace(before)+"@postgres:5432/fieldgate") {
		t.Error("the gateway has another password than Postgres")
	}
	return folder
}
