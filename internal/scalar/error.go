package scalar

import "fmt"

// Error says that a value of a request is not one of the scalar's. Its message is
// fit to be shown to whoever sent the value.
type Error struct{ message string }

// Error is the message.
func (e *Error) Error() string { return e.message }

func errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }
