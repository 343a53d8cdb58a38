package policy

// Unserved lists the permissions that no field of the schema serves yet. Compile refuses any other permission without
// a field, and any of these that has one.
func Unserved() []Permission {
	return []Permission{
		"ALPHANUMERIC_SENDER_ID_WRITE",
		"ALPHANUMERIC_SENDER_ID_READ",
		"FLEX_READ_ONLY_ADMIN_ACCESS",
		"FLEX_ADMIN",
		"IOT_CONSOLE_ACCESS",
		"IOT_MANAGE",
		"TRUST_HUB",
	}
}
