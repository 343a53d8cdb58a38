// Package model holds the objects of the tests' schema. Each text that a rule guards names its own coordinate, as
// ⟦Call.price⟧, so that a test finds it wherever it leaks.
package model

import "context"

// Node, Thing and Result are the schema's abstract types.
type (
	Node   interface{ IsNode() }
	Thing  interface{ IsThing() }
	Result interface{ IsResult() }
)

// Call, Key and Page are the objects. All of one type are alike but for their ids.
type (
	Call struct{ ID, Name, Secret, To, Price string }
	Key  struct {
		ID, Name, Secret string
		Owner            *string
	}
	Page struct{ ID, Name, Secret, Must string }
)

// NewCall, NewKey and NewPage make one object each.
func NewCall() *Call {
	return &Call{"Call:1", "⟦Call.name⟧", "⟦Call.secret⟧", "+1⟦Call.to⟧1234", "⟦Call.price⟧"}
}

func NewKey() *Key {
	return &Key{"Key:1", "⟦Key.name⟧", "⟦Key.secret⟧", new("k⟦Key.owner⟧@example.com")}
}

func NewPage() *Page {
	return &Page{"Page:1", "⟦Page.name⟧", "⟦Page.secret⟧", "⟦Page.must⟧"}
}

func (Call) IsNode()   {}
func (Call) IsThing()  {}
func (Call) IsResult() {}
func (Key) IsNode()    {}
func (Key) IsThing()   {}
func (Key) IsResult()  {}
func (Page) IsNode()   {}
func (Page) IsThing()  {}
func (Page) IsResult() {}

// Key is Call.key.
func (*Call) Key(ctx context.Context) (*Key, error) { return NewKey(), Visit(ctx, "Call.key") }

// Page is Call.page.
func (*Call) Page(ctx context.Context) (*Page, error) { return NewPage(), Visit(ctx, "Call.page") }

// Call is Page.call.
func (*Page) Call(ctx context.Context) (*Call, error) { return NewCall(), Visit(ctx, "Page.call") }

// Calls is Page.calls.
func (*Page) Calls(ctx context.Context, first *int, to *string) ([]*Call, error) {
	return Calls(first), Visit(ctx, "Page.calls")
}

// Things is Page.things.
func (*Page) Things(ctx context.Context) ([]Thing, error) { return Things(), Visit(ctx, "Page.things") }

// Child is Page.child.
func (*Page) Child(ctx context.Context) (*Page, error) { return NewPage(), Visit(ctx, "Page.child") }

// Query is Page.query.
func (*Page) Query(ctx context.Context) (*Query, error) { return &Query{}, Visit(ctx, "Page.query") }

// Query is what a field returns that leads back to the root.
type Query struct{}

// Calls is a list of as many calls as first says.
func Calls(first *int) []*Call {
	list := []*Call{}
	for range valueOf(first, 2) {
		list = append(list, NewCall())
	}
	return list
}

// valueOf is what p points to, or the default for null.
func valueOf(p *int, absent int) int {
	if p == nil {
		return absent
	}
	return *p
}

// Things has one object of each type.
func Things() []Thing { return []Thing{NewCall(), NewKey(), NewPage()} }

// Results has one object of each type.
func Results() []Result { return []Result{NewCall(), NewKey(), NewPage()} }
