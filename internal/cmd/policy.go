package cmd

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// matrixFlag names a matrix other than the published one.
type matrixFlag struct {
	Matrix string `help:"The table of roles and permissions to use instead of the published one." type:"path" placeholder:"FILE" env:"FIELDGATE_MATRIX"`
}

// load reads the matrix, which must have the rows that the schema asks for.
func (m matrixFlag) load(schema *ast.Schema) (*policy.Matrix, error) {
	if m.Matrix == "" {
		return policy.Published(), nil
	}
	f, err := os.Open(m.Matrix)
	if err != nil {
		return nil, fmt.Errorf("the matrix cannot be read: %w", err)
	}
	defer f.Close()
	matrix, err := policy.ParseMatrix(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Matrix, err)
	}
	return matrix, m.fits(schema, matrix)
}

// fits says whether the matrix has a row for each of the schema's permissions and no
// other. The lint says so too, but does not know which file the matrix came from.
func (m matrixFlag) fits(schema *ast.Schema, matrix *policy.Matrix) error {
	enum := schema.Types["Permission"]
	if enum == nil {
		return nil
	}
	missing := map[string]bool{}
	for _, v := range enum.EnumValues {
		missing[v.Name] = true
	}
	var faults []error
	for _, row := range matrix.Rows() {
		if !missing[string(row.Permission)] {
			faults = append(faults, fmt.Errorf("%s: the row %s is of no permission of the schema", m.Matrix, row.Permission))
		}
		delete(missing, string(row.Permission))
	}
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		faults = append(faults, fmt.Errorf("%s: the permission %s has no row", m.Matrix, name))
	}
	return errors.Join(faults...)
}

// compile makes the table of a schema's rules under a matrix, or names every fault.
func compile(schema *ast.Schema, matrix *policy.Matrix) (*policy.Table, error) {
	table, faults := policy.Compile(schema, matrix)
	if len(faults) == 0 {
		return table, nil
	}
	for i := range faults {
		faults[i].File = strings.TrimPrefix(faults[i].File, "../") // gqlgen names files from graph/
	}
	return nil, faults
}

// rules reads the matrix and makes the table of a schema's rules under it.
func (m matrixFlag) rules(schema *ast.Schema) (*policy.Matrix, *policy.Table, error) {
	matrix, err := m.load(schema)
	if err != nil {
		return nil, nil, err
	}
	table, err := compile(schema, matrix)
	if err != nil {
		return nil, nil, err
	}
	return matrix, table, nil
}

// ownSchema is the schema that the program was built with.
func ownSchema() *ast.Schema { return graph.NewGuardedSchema(graph.Config{}).Schema() }

// checkCmd is the command check.
type checkCmd struct {
	matrixFlag
	issuersFlag
	Schema    []string `arg:"" optional:"" type:"existingfile" help:"Schema files to check instead of the program's own."`
	Documents []string `help:"Files of trusted documents to check against the schema." type:"path" placeholder:"FILE"`
}

// Run checks, prints what was checked, and fails with every fault.
func (c checkCmd) Run(o output) error {
	schema := ownSchema()
	if len(c.Schema) > 0 {
		var err error
		if schema, err = loadSchema(c.Schema); err != nil {
			return err
		}
	}
	matrix, table, err := c.rules(schema)
	if err != nil {
		return err
	}
	documents, err := readDocuments(c.Documents)
	if err := errors.Join(err, engine.CheckDocuments(schema, documents)); err != nil {
		return err
	}
	fields := 0
	for _, c := range table.Coordinates() {
		if c.Field != "" && !c.Input {
			fields++
		}
	}
	file, err := c.issuersFlag.load()
	if err != nil {
		return err
	}
	for _, i := range file.Issuers {
		fmt.Fprintf(o.out, "Issuer %s: %s; groups for %d roles in %s.\n", i.Name, i.Issuer, len(i.Roles), i.Claims.Groups)
	}
	for _, b := range file.Bearers {
		fmt.Fprintf(o.out, "Bearer tokens of %s: %s; %d roles in %s.\n", b.Name, b.Issuer, len(b.Roles), b.Claims.Roles)
	}
	fmt.Fprintf(o.out, "%d fields, each with its rule; %d rows of the matrix (version %s); rules %s.\n",
		fields, len(matrix.Rows()), matrix.Version(), table.Fingerprint())
	if len(c.Documents) > 0 {
		fmt.Fprintf(o.out, "%d trusted documents, each valid against the schema.\n", len(documents))
	}
	return nil
}

func loadSchema(files []string) (*ast.Schema, error) {
	var sources []*ast.Source
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("the schema cannot be read: %w", err)
		}
		sources = append(sources, &ast.Source{Name: name, Input: string(text)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		return nil, fmt.Errorf("the schema is not valid: %w", err)
	}
	return schema, nil
}

// printMatrix is the command matrix.
type printMatrix struct{ matrixFlag }

// Run prints the table as people read it.
func (m printMatrix) Run(o output) error {
	matrix, err := m.load(ownSchema())
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "Permission\tTitle")
	for _, role := range policy.Roles() {
		fmt.Fprintf(w, "\t%s", role)
	}
	fmt.Fprintln(w, "\tSource")
	for _, row := range matrix.Rows() {
		fmt.Fprintf(w, "%s\t%s", row.Permission, row.Title)
		for _, role := range policy.Roles() {
			cell := "."
			if slices.Contains(row.Roles, role) {
				cell = "x"
			}
			fmt.Fprintf(w, "\t%s", cell)
		}
		fmt.Fprintf(w, "\t%s\n", row.Source)
	}
	return w.Flush()
}
