package policy

// Unserved lists the permissions that no field of the schema serves yet. Compile refuses any other permission without
// a field, and any of these that has one.
func Unserved() []Permission { return nil }
