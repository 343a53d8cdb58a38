package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/relay"
	"github.com/fieldgate/fieldgate/internal/strictjson"
	"github.com/fieldgate/fieldgate/resolvers"
)

// atMostOnce are the root fields of which an operation has one at most: by aliases a request could otherwise try many secrets.
var atMostOnce = []string{
	"Mutation.signIn", "Mutation.refreshSession", "Mutation.signInWithCookies", "Mutation.refreshCookies",
	"Mutation.acceptInvitation",
}

// lists has how long the lists are that take no first and may be longer than most.
var lists = map[string]int{"User.sessions": session.MaxPerUser, "Account.sessions": resolvers.MaxListedSessions}

// typeOf is the type that stands inside a global id.
func typeOf(id string) string {
	name, _, _ := relay.ParseID(id)
	return name
}

// planCmd is the command plan.
type planCmd struct {
	matrixFlag
	Document  string  `arg:"" type:"existingfile" help:"The file of the GraphQL document."`
	Role      *string `help:"Say what a caller with these roles gets of it: support, or developer,support for both; guest for one who has not signed in." placeholder:"ROLE"`
	Operation string  `help:"The operation's name, in a document of several." placeholder:"NAME"`
	Variables string  `help:"The variables, as a JSON object." default:"{}" placeholder:"JSON"`
	JSON      bool    `name:"json" help:"Print it as JSON."`
}

// Run plans the operation as the gateway does, under the limits that it starts with, and prints the plan.
func (c planCmd) Run(o output) error {
	schema := ownSchema()
	matrix, table, err := c.rules(schema)
	if err != nil {
		return err
	}
	role := string(policy.Owner) // who has the most to pay
	if c.Role != nil {
		role = *c.Role
	}
	set, err := setOf(matrix, role)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(c.Document)
	if err != nil {
		return fmt.Errorf("the document cannot be read: %w", err)
	}
	vars, err := strictjson.DecodeObject([]byte(c.Variables), engine.MaxVariablesDepth)
	if err != nil {
		return fmt.Errorf("--variables: %w", err)
	}
	plan, err := engine.Explain(schema, engine.Config{
		Table: table, Views: engine.NewViews(engine.IntrospectionRole, schema, table), TypeOf: typeOf,
		Limits: engine.DefaultLimits(), Once: atMostOnce, Lists: lists,
	}, string(text), c.Operation, vars, set)
	if err != nil {
		return located(c.Document, err)
	}
	if c.JSON {
		e := json.NewEncoder(o.out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(plan)
	}
	return c.print(o, plan)
}

// located puts the file before each line of an error.
func located(file string, err error) error {
	var faults []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		faults = append(faults, fmt.Errorf("%s: %s", file, line))
	}
	return errors.Join(faults...)
}

// print writes the plan as a table: a line for each place, and what the role gets of it.
func (c planCmd) print(o output, plan *engine.Explanation) error {
	fmt.Fprintf(o.out, "%s; %d points.\n", strings.TrimSpace(string(plan.Type)+" "+plan.Name), plan.Cost)
	if c.Role != nil && plan.Refused {
		fmt.Fprintf(o.out, "The whole %s is refused: a part of it is denied.\n", plan.Type)
	}
	for _, condition := range plan.Conditions {
		fmt.Fprintf(o.out, "With $%s %t.\n", condition.Variable, condition.Value)
	}
	fmt.Fprintln(o.out)
	w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	c.lines(w, plan.Fields, "")
	return w.Flush()
}

func (c planCmd) lines(w *tabwriter.Writer, all []engine.Explained, indent string) {
	for _, e := range all {
		fmt.Fprintf(w, "%s%s\t%s", indent, e.Place, strings.Join(e.Needs, " & "))
		if c.Role != nil {
			fmt.Fprintf(w, "\t%s", e.Gets)
			if e.Why != "" {
				fmt.Fprintf(w, ": %s", e.Why)
			}
		}
		fmt.Fprintln(w)
		c.lines(w, e.Arguments, indent+"  ")
		c.lines(w, e.Fields, indent+"  ")
	}
}
