package store_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/scalar"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// page is a page of any list.
type page struct {
	items     []any
	positions [][]string
	hasNext   bool
}

// listing is a list of the store, with or without a filter.
type listing struct {
	name string
	// base is the list that the filter narrows; the same name when there is none.
	base string
	// table is the SQL table.
	table string
	// shared says that it belongs to no account.
	shared bool
	// object is the zero value of what the list holds.
	object any
	call   func(ctx context.Context, s *store.Store, scope upstream.Scope, p upstream.Page) (page, error)
	// keep says what the filter leaves; nil for a base.
	keep func(item any) bool
	// ordered says whether a comes before b; nil where there is a filter.
	ordered func(a, b any) bool
}

// lists are the base of T's lists and that base with each single filter.
func lists[T, F any](
	base, table string,
	call func(*store.Store, context.Context, upstream.Scope, F, upstream.Page) (upstream.List[T], error),
	none F, ordered func(a, b T) bool, filters ...filtered[T, F],
) []listing {
	bind := func(f F) func(context.Context, *store.Store, upstream.Scope, upstream.Page) (page, error) {
		return func(ctx context.Context, s *store.Store, scope upstream.Scope, p upstream.Page) (page, error) {
			list, err := call(s, ctx, scope, f, p)
			found := page{items: make([]any, len(list.Items)), positions: make([][]string, len(list.Items)), hasNext: list.HasNext}
			for i, item := range list.Items {
				found.items[i], found.positions[i] = item, list.Position(i)
			}
			return found, err
		}
	}
	var zero T
	all := []listing{{
		name: base, base: base, table: table, object: zero, call: bind(none),
		ordered: func(a, b any) bool { return ordered(a.(T), b.(T)) },
	}}
	for _, f := range filters {
		all = append(all, listing{
			name: base + " by " + f.name, base: base, table: table, object: zero, call: bind(f.filter),
			keep: func(item any) bool { return f.keep(item.(T)) },
		})
	}
	return all
}

// unfiltered makes of a list that has no filters one that lists takes.
func unfiltered[T any](
	call func(*store.Store, context.Context, upstream.Scope, upstream.Page) (upstream.List[T], error),
) func(*store.Store, context.Context, upstream.Scope, struct{}, upstream.Page) (upstream.List[T], error) {
	return func(s *store.Store, ctx context.Context, scope upstream.Scope, _ struct{}, p upstream.Page) (upstream.List[T], error) {
		return call(s, ctx, scope, p)
	}
}

// filtered is a filter and what it leaves.
type filtered[T, F any] struct {
	name   string
	filter F
	keep   func(T) bool
}

// newest says that a is newer than b, or of the same time and the greater SID.
func newest(a, b time.Time, sidA, sidB string) bool {
	return a.After(b) || a.Equal(b) && sidA > sidB
}

// holds says whether a pointer leads to the value.
func holds[T comparable](p *T, value T) bool { return p != nil && *p == value }

// middle is a moment within the demo's logs.
var middle = time.Date(2026, time.February, 20, 12, 0, 0, 0, time.UTC)

// allListings are all lists with every single filter, with values that the demo has.
func allListings(t *testing.T, s *store.Store, account string) []listing {
	number := first(t, s.PhoneNumbers, account, upstream.PhoneNumberFilter{}, "phoneNumber", "friendlyName")
	key := first(t, s.APIKeys, account, upstream.APIKeyFilter{}, "friendlyName")
	call := first(t, s.Calls, account, upstream.CallFilter{}, "from", "to")
	received := model.MessageDirectionInbound
	message := first(t, s.Messages, account, upstream.MessageFilter{Direction: &received}, "from", "to")
	client := first(t, s.OAuthClients, account, identity.ClientFilter{}, "name", "createdBySid")
	invited := first(t, s.Invitations, account, identity.InvitationFilter{}, "email")
	event := first(t, s.AuditEvents, account, upstream.AuditFilter{Coordinate: new("Mutation.updateApiKey")}, "userSid", "resourceSid")
	byClient := first(t, s.AuditEvents, account, upstream.AuditFilter{Coordinate: new("Mutation.createApiKey")}, "clientSid")
	alert := first(t, s.Alerts, account, upstream.AlertFilter{}, "errorCode")
	fleeted := model.SimStatusActive
	sim := first(t, s.Sims, account, upstream.SimFilter{Status: &fleeted}, "fleetSid", "iccid")
	fleet := first(t, s.Fleets, account, upstream.FleetFilter{}, "networkAccessProfileSid")
	profile := first(t, s.CustomerProfiles, account, upstream.CustomerProfileFilter{}, "policySid")
	return slices.Concat(
		apiKeyListings(key), phoneNumberListings(number), billingListings(), callListings(call), messageListings(message),
		alertListings(alert), usageListings(), userListings(), invitationListings(invited), oauthClientListings(client),
		availablePhoneNumberListings(), senderIDListings(),
		iotListings(sim, fleet),
		usageTriggerListings(), trustHubListings(profile),
		devToolListings(t, s, account), flexListings(t, s, account),
		auditEventListings(event, byClient),
	)
}

// first is the first item of a list, with these fields.
func first[T, F any](
	t *testing.T, call func(context.Context, upstream.Scope, F, upstream.Page) (upstream.List[T], error),
	account string, f F, fields ...string,
) T {
	t.Helper()
	list, err := call(t.Context(), upstream.NewScope(account, policy.NewFields(fields...)), f, upstream.Page{First: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Items) == 0 {
		t.Fatalf("the account has no %T", *new(T))
	}
	return list.Items[0]
}

func apiKeyListings(key model.APIKey) []listing {
	type filter = filtered[model.APIKey, upstream.APIKeyFilter]
	return lists("apiKeys", "api_keys", (*store.Store).APIKeys, upstream.APIKeyFilter{},
		func(a, b model.APIKey) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) },
		filter{"friendlyName", upstream.APIKeyFilter{FriendlyName: &key.FriendlyName},
			func(k model.APIKey) bool { return k.FriendlyName == key.FriendlyName }})
}

func phoneNumberListings(number model.PhoneNumber) []listing {
	type filter = filtered[model.PhoneNumber, upstream.PhoneNumberFilter]
	hosted := "hosted"
	return lists("phoneNumbers", "phone_numbers", (*store.Store).PhoneNumbers, upstream.PhoneNumberFilter{},
		func(a, b model.PhoneNumber) bool { return a.Sid < b.Sid },
		filter{"phoneNumber", upstream.PhoneNumberFilter{PhoneNumber: &number.PhoneNumber},
			func(n model.PhoneNumber) bool { return n.PhoneNumber == number.PhoneNumber }},
		filter{"friendlyName", upstream.PhoneNumberFilter{FriendlyName: &number.FriendlyName},
			func(n model.PhoneNumber) bool { return n.FriendlyName == number.FriendlyName }},
		filter{"origin", upstream.PhoneNumberFilter{Origin: &hosted},
			func(n model.PhoneNumber) bool { return n.Origin == hosted }})
}

func availablePhoneNumberListings() []listing {
	type filter = filtered[model.AvailablePhoneNumber, upstream.AvailablePhoneNumberFilter]
	call := (*store.Store).AvailablePhoneNumbers
	ordered := func(a, b model.AvailablePhoneNumber) bool { return a.PhoneNumber < b.PhoneNumber }
	denver, pattern, yes, no, tollFree := "303", "303Jkl*1", true, false, model.PhoneNumberTypeTollFree
	all := lists("availablePhoneNumbers", "available_phone_numbers", call, upstream.AvailablePhoneNumberFilter{CountryCode: "US"}, ordered,
		filter{"type", upstream.AvailablePhoneNumberFilter{CountryCode: "US", Type: &tollFree},
			func(n model.AvailablePhoneNumber) bool { return n.Type == tollFree }},
		filter{"areaCode", upstream.AvailablePhoneNumberFilter{CountryCode: "US", AreaCode: &denver},
			func(n model.AvailablePhoneNumber) bool { return strings.HasPrefix(n.PhoneNumber, "+1303") }},
		filter{"contains", upstream.AvailablePhoneNumberFilter{CountryCode: "US", Contains: &pattern},
			func(n model.AvailablePhoneNumber) bool {
				return strings.HasPrefix(n.PhoneNumber, "+1303555") && n.PhoneNumber[9] == '1'
			}},
		filter{"voiceEnabled", upstream.AvailablePhoneNumberFilter{CountryCode: "US", Voice: &yes},
			func(n model.AvailablePhoneNumber) bool { return n.Capabilities.Voice }},
		filter{"smsEnabled", upstream.AvailablePhoneNumberFilter{CountryCode: "US", Sms: &no},
			func(n model.AvailablePhoneNumber) bool { return !n.Capabilities.Sms }},
		filter{"mmsEnabled", upstream.AvailablePhoneNumberFilter{CountryCode: "US", Mms: &yes},
			func(n model.AvailablePhoneNumber) bool { return n.Capabilities.Mms }},
		filter{"faxEnabled", upstream.AvailablePhoneNumberFilter{CountryCode: "US", Fax: &yes},
			func(n model.AvailablePhoneNumber) bool { return n.Capabilities.Fax }})
	for i := range all {
		all[i].shared = true
	}
	return all
}

func senderIDListings() []listing {
	type filter = filtered[model.SenderIDRegistration, upstream.SenderIDFilter]
	rejected, country, name := model.SenderIDStatusRejected, "FR", "Returns"
	return lists("senderIdRegistrations", "sender_id_registrations", (*store.Store).SenderIDRegistrations, upstream.SenderIDFilter{},
		func(a, b model.SenderIDRegistration) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) },
		filter{"status", upstream.SenderIDFilter{Status: &rejected},
			func(r model.SenderIDRegistration) bool { return r.Status == rejected }},
		filter{"isoCountry", upstream.SenderIDFilter{IsoCountry: &country},
			func(r model.SenderIDRegistration) bool { return r.IsoCountry == country }},
		filter{"senderId", upstream.SenderIDFilter{SenderID: &name},
			func(r model.SenderIDRegistration) bool { return r.SenderID == name }})
}

func billingListings() []listing {
	type filter = filtered[model.Invoice, upstream.InvoiceFilter]
	paid := model.InvoiceStatusPaid
	invoices := lists("invoices", "invoices", (*store.Store).Invoices, upstream.InvoiceFilter{},
		func(a, b model.Invoice) bool {
			return a.PeriodStart > b.PeriodStart || a.PeriodStart == b.PeriodStart && a.Sid > b.Sid
		},
		filter{"status", upstream.InvoiceFilter{Status: &paid}, func(i model.Invoice) bool { return i.Status == paid }})
	methods := lists("paymentMethods", "payment_methods", unfiltered((*store.Store).PaymentMethods), struct{}{},
		func(a, b model.PaymentMethod) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) })
	return append(invoices, methods...)
}

func callListings(call model.Call) []listing {
	type filter = filtered[model.Call, upstream.CallFilter]
	busy, inbound := model.CallStatusBusy, model.CallDirectionInbound
	return lists("calls", "calls", (*store.Store).Calls, upstream.CallFilter{},
		func(a, b model.Call) bool { return newest(a.StartTime, b.StartTime, a.Sid, b.Sid) },
		filter{"startTimeAfter", upstream.CallFilter{StartTimeAfter: &middle},
			func(c model.Call) bool { return !c.StartTime.Before(middle) }},
		filter{"startTimeBefore", upstream.CallFilter{StartTimeBefore: &middle},
			func(c model.Call) bool { return c.StartTime.Before(middle) }},
		filter{"status", upstream.CallFilter{Status: &busy}, func(c model.Call) bool { return c.Status == busy }},
		filter{"direction", upstream.CallFilter{Direction: &inbound}, func(c model.Call) bool { return c.Direction == inbound }},
		filter{"from", upstream.CallFilter{From: &call.From}, func(c model.Call) bool { return c.From == call.From }},
		filter{"to", upstream.CallFilter{To: &call.To}, func(c model.Call) bool { return c.To == call.To }},
		filter{"sid", upstream.CallFilter{Sid: &call.Sid}, func(c model.Call) bool { return c.Sid == call.Sid }},
		filter{"several", upstream.CallFilter{Status: &busy, Direction: &inbound, StartTimeAfter: &middle},
			func(c model.Call) bool {
				return c.Status == busy && c.Direction == inbound && !c.StartTime.Before(middle)
			}})
}

func messageListings(message model.Message) []listing {
	type filter = filtered[model.Message, upstream.MessageFilter]
	failed, reply := model.MessageStatusFailed, model.MessageDirectionOutboundReply
	return lists("messages", "messages", (*store.Store).Messages, upstream.MessageFilter{},
		func(a, b model.Message) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) },
		filter{"dateCreatedAfter", upstream.MessageFilter{DateCreatedAfter: &middle},
			func(m model.Message) bool { return !m.DateCreated.Before(middle) }},
		filter{"dateCreatedBefore", upstream.MessageFilter{DateCreatedBefore: &middle},
			func(m model.Message) bool { return m.DateCreated.Before(middle) }},
		filter{"status", upstream.MessageFilter{Status: &failed}, func(m model.Message) bool { return m.Status == failed }},
		filter{"direction", upstream.MessageFilter{Direction: &reply}, func(m model.Message) bool { return m.Direction == reply }},
		filter{"from", upstream.MessageFilter{From: message.From}, func(m model.Message) bool { return holds(m.From, *message.From) }},
		filter{"to", upstream.MessageFilter{To: &message.To}, func(m model.Message) bool { return m.To == message.To }},
		filter{"sid", upstream.MessageFilter{Sid: &message.Sid}, func(m model.Message) bool { return m.Sid == message.Sid }})
}

func alertListings(alert model.Alert) []listing {
	type filter = filtered[model.Alert, upstream.AlertFilter]
	warning := model.LogLevelWarning
	return lists("alerts", "alerts", (*store.Store).Alerts, upstream.AlertFilter{},
		func(a, b model.Alert) bool { return newest(a.DateGenerated, b.DateGenerated, a.Sid, b.Sid) },
		filter{"dateGeneratedAfter", upstream.AlertFilter{DateGeneratedAfter: &middle},
			func(a model.Alert) bool { return !a.DateGenerated.Before(middle) }},
		filter{"dateGeneratedBefore", upstream.AlertFilter{DateGeneratedBefore: &middle},
			func(a model.Alert) bool { return a.DateGenerated.Before(middle) }},
		filter{"logLevel", upstream.AlertFilter{LogLevel: &warning}, func(a model.Alert) bool { return a.LogLevel == warning }},
		filter{"errorCode", upstream.AlertFilter{ErrorCode: &alert.ErrorCode},
			func(a model.Alert) bool { return a.ErrorCode == alert.ErrorCode }},
		filter{"sid", upstream.AlertFilter{Sid: &alert.Sid}, func(a model.Alert) bool { return a.Sid == alert.Sid }})
}

func usageListings() []listing {
	type filter = filtered[model.UsageRecord, upstream.UsageFilter]
	call := (*store.Store).UsageRecords
	ordered := func(a, b model.UsageRecord) bool {
		return a.StartDate > b.StartDate || a.StartDate == b.StartDate && a.Category < b.Category
	}
	var all []listing
	for _, g := range model.AllUsageGranularity {
		mms := model.UsageCategoryMms
		start, end := scalar.Date("2025-11-01"), scalar.Date("2026-01-31")
		all = append(all, lists("usageRecords "+string(g), "usage_records", call, upstream.UsageFilter{Granularity: g}, ordered,
			filter{"category", upstream.UsageFilter{Granularity: g, Category: &mms},
				func(u model.UsageRecord) bool { return u.Category == mms }},
			filter{"start", upstream.UsageFilter{Granularity: g, Start: &start},
				func(u model.UsageRecord) bool { return u.StartDate >= start }},
			filter{"end", upstream.UsageFilter{Granularity: g, End: &end},
				func(u model.UsageRecord) bool { return u.EndDate <= end }},
			filter{"start and end", upstream.UsageFilter{Granularity: g, Start: &start, End: &end},
				func(u model.UsageRecord) bool { return u.StartDate >= start && u.EndDate <= end }})...)
	}
	return all
}

func userListings() []listing {
	type filter = filtered[model.User, identity.UserFilter]
	shouted := "SUPPORT@Example.com"
	filters := []filter{{"email", identity.UserFilter{Email: &shouted},
		func(u model.User) bool { return u.Email == strings.ToLower(shouted) }}}
	for _, role := range policy.Roles() {
		filters = append(filters, filter{"role " + string(role), identity.UserFilter{Role: &role},
			func(u model.User) bool { return slices.Contains(u.Roles, model.Role(role)) }})
	}
	return lists("users", "users", (*store.Store).Users, identity.UserFilter{},
		func(a, b model.User) bool {
			return a.DateCreated.Before(b.DateCreated) || a.DateCreated.Equal(b.DateCreated) && a.Sid < b.Sid
		},
		filters...)
}

func invitationListings(invited model.Invitation) []listing {
	type filter = filtered[model.Invitation, identity.InvitationFilter]
	shouted := strings.ToUpper(invited.Email)
	return lists("invitations", "invitations", (*store.Store).Invitations, identity.InvitationFilter{},
		func(a, b model.Invitation) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) },
		filter{"email", identity.InvitationFilter{Email: &shouted},
			func(i model.Invitation) bool { return i.Email == invited.Email }})
}

func oauthClientListings(client model.OAuthClient) []listing {
	type filter = filtered[model.OAuthClient, identity.ClientFilter]
	return lists("oauthClients", "oauth_clients", (*store.Store).OAuthClients, identity.ClientFilter{},
		func(a, b model.OAuthClient) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) },
		filter{"name", identity.ClientFilter{Name: &client.Name},
			func(c model.OAuthClient) bool { return c.Name == client.Name }},
		filter{"createdBySid", identity.ClientFilter{CreatedBySID: &client.CreatedBySid},
			func(c model.OAuthClient) bool { return c.CreatedBySid == client.CreatedBySid }})
}

func auditEventListings(event, byClient model.AuditEvent) []listing {
	type filter = filtered[model.AuditEvent, upstream.AuditFilter]
	denied, price := model.AuditDecisionDenied, "Call.price"
	return lists("auditEvents", "audit_events", (*store.Store).AuditEvents, upstream.AuditFilter{},
		func(a, b model.AuditEvent) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) },
		filter{"dateCreatedAfter", upstream.AuditFilter{DateCreatedAfter: &middle},
			func(e model.AuditEvent) bool { return !e.DateCreated.Before(middle) }},
		filter{"dateCreatedBefore", upstream.AuditFilter{DateCreatedBefore: &middle},
			func(e model.AuditEvent) bool { return e.DateCreated.Before(middle) }},
		filter{"userSid", upstream.AuditFilter{UserSid: event.UserSid}, func(e model.AuditEvent) bool { return holds(e.UserSid, *event.UserSid) }},
		filter{"clientSid", upstream.AuditFilter{ClientSid: byClient.ClientSid},
			func(e model.AuditEvent) bool { return holds(e.ClientSid, *byClient.ClientSid) }},
		filter{"coordinate", upstream.AuditFilter{Coordinate: &price}, func(e model.AuditEvent) bool { return holds(e.Coordinate, price) }},
		filter{"decision", upstream.AuditFilter{Decision: &denied}, func(e model.AuditEvent) bool { return e.Decision == denied }},
		filter{"resourceSid", upstream.AuditFilter{ResourceSid: event.ResourceSid},
			func(e model.AuditEvent) bool { return holds(e.ResourceSid, *event.ResourceSid) }})
}

// fieldsOf are the schema's names of an object's fields.
func fieldsOf(object any) []string {
	var fields []string
	for field := range reflect.TypeOf(object).Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields = append(fields, name)
	}
	return fields
}

// everything is the scope of all the fields of an object.
func everything(account string, object any) upstream.Scope {
	return upstream.NewScope(account, policy.NewFields(fieldsOf(object)...))
}

// walk reads a whole list, in pages of this size.
func walk(t *testing.T, s *store.Store, l listing, scope upstream.Scope, size int) (items []any, positions [][]string) {
	t.Helper()
	var after []string
	for {
		p, err := l.call(t.Context(), s, scope, upstream.Page{First: size, After: after})
		if err != nil {
			t.Fatalf("after %q: %v", after, err)
		}
		if p.hasNext && len(p.items) != size {
			t.Fatalf("a page of %d has %d items though more follow", size, len(p.items))
		}
		items, positions = append(items, p.items...), append(positions, p.positions...)
		if !p.hasNext {
			return items, positions
		}
		after = p.positions[len(p.positions)-1]
	}
}
