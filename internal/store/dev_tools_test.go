package store_test

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func devToolListings(t *testing.T, s *store.Store, account string) []listing {
	type byName = filtered[model.Application, upstream.ApplicationFilter]
	type byStatus = filtered[model.StudioFlow, upstream.StudioFlowFilter]
	type byService = filtered[model.Function, upstream.FunctionFilter]
	application := first(t, s.Applications, account, upstream.ApplicationFilter{}, "friendlyName")
	function := first(t, s.Functions, account, upstream.FunctionFilter{}, "serviceSid")
	draft := model.StudioFlowStatusDraft
	return slices.Concat(
		lists("applications", "applications", (*store.Store).Applications, upstream.ApplicationFilter{},
			func(a, b model.Application) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) },
			byName{"friendlyName", upstream.ApplicationFilter{FriendlyName: &application.FriendlyName},
				func(a model.Application) bool { return a.FriendlyName == application.FriendlyName }}),
		lists("studioFlows", "studio_flows", (*store.Store).StudioFlows, upstream.StudioFlowFilter{},
			func(a, b model.StudioFlow) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) },
			byStatus{"status", upstream.StudioFlowFilter{Status: &draft}, func(f model.StudioFlow) bool { return f.Status == draft }}),
		lists("functionServices", "function_services", unfiltered((*store.Store).FunctionServices), struct{}{},
			func(a, b model.FunctionService) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) }),
		lists("functions", "functions", (*store.Store).Functions, upstream.FunctionFilter{},
			func(a, b model.Function) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) },
			byService{"serviceSid", upstream.FunctionFilter{ServiceSID: &function.ServiceSid},
				func(f model.Function) bool { return f.ServiceSid == function.ServiceSid }}))
}

// testApplications makes, changes and deletes an application.
func testApplications(t *testing.T, s *store.Store) {
	ctx := t.Context()
	scope, other := everything(demo.Main().SID, model.Application{}), everything(demo.Second().SID, model.Application{})
	made := storetest.Now().Add(123456 * time.Microsecond)
	s.SetNow(func() time.Time { return made })
	voice, sms := "https://hooks.example.com/voice?key=1", "https://hooks.example.com/sms"

	created, err := s.CreateApplication(ctx, changing(scope), model.CreateApplicationInput{
		FriendlyName: "Driver app", VoiceURL: given(voice), VoiceMethod: given(model.HTTPMethodGet), SmsURL: given(sms),
		PublicApplicationConnectEnabled: given(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	post := model.HTTPMethodPost
	want := model.Application{
		ID: created.Object.ID, Sid: created.Object.Sid, FriendlyName: "Driver app", VoiceURL: &voice, VoiceMethod: model.HTTPMethodGet,
		VoiceFallbackMethod: post, StatusCallbackMethod: post, SmsURL: &sms, SmsMethod: post, SmsFallbackMethod: post,
		PublicApplicationConnectEnabled: true, DateCreated: made, DateUpdated: made,
	}
	if !reflect.DeepEqual(*created.Object, want) || !regexp.MustCompile(`^AP[0-9a-f]{32}$`).MatchString(want.Sid) {
		t.Errorf("made %+v, want %+v", *created.Object, want)
	}
	list, err := s.Applications(ctx, scope, upstream.ApplicationFilter{}, upstream.Page{First: 1})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(list.Items[0], want) || !reflect.DeepEqual(list.Position(0), created.Position) {
		t.Error("the list does not begin with the new application at its position")
	}

	_, err = s.UpdateApplication(ctx, changing(other), want.Sid, model.UpdateApplicationInput{FriendlyName: given("Stolen")})
	wantProblem(t, err, problem.NotFound)
	wantProblem(t, s.DeleteApplication(ctx, changing(other), want.Sid), problem.NotFound)
	later := made.Add(time.Hour)
	s.SetNow(func() time.Time { return later })
	changed, err := s.UpdateApplication(ctx, changing(scope), want.Sid, model.UpdateApplicationInput{
		VoiceURL: null[string](), StatusCallback: given(sms), VoiceCallerIDLookup: given(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	want.VoiceURL, want.StatusCallback, want.VoiceCallerIDLookup, want.DateUpdated = nil, &sms, true, later
	if !reflect.DeepEqual(*changed, want) {
		t.Errorf("changed to %+v, want %+v", *changed, want)
	}
	if err := s.DeleteApplication(ctx, changing(scope), want.Sid); err != nil {
		t.Fatal(err)
	}
	_, err = s.Application(ctx, scope, want.Sid)
	wantProblem(t, err, problem.NotFound)
	wantProblem(t, s.DeleteApplication(ctx, changing(scope), want.Sid), problem.NotFound)
}

// testApplicationOfNumbers deletes an application that phone numbers name: the account's own lose it, and nothing else.
func testApplicationOfNumbers(t *testing.T, s *store.Store) {
	ctx := t.Context()
	scope := everything(demo.Main().SID, model.Application{})
	sid, other := someSID(t, s, "applications", demo.Main().SID), someSID(t, s, "applications", demo.Second().SID)
	list, err := s.PhoneNumbers(ctx, everything(demo.Main().SID, model.PhoneNumber{}), upstream.PhoneNumberFilter{}, upstream.Page{First: 3})
	if err != nil {
		t.Fatal(err)
	}
	foreign := someSID(t, s, "phone_numbers", demo.Second().SID)
	for number, names := range map[string][2]string{
		list.Items[0].Sid: {sid, sid}, list.Items[1].Sid: {sid, other}, list.Items[2].Sid: {other, sid}, foreign: {sid, sid},
	} {
		if _, err := s.DB().Exec("UPDATE phone_numbers SET voice_application_sid = $1, sms_application_sid = $2 WHERE sid = $3",
			names[0], names[1], number); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DeleteApplication(ctx, changing(scope), sid); err != nil {
		t.Fatal(err)
	}
	for number, want := range map[string][2]any{
		list.Items[0].Sid: {nil, nil}, list.Items[1].Sid: {nil, other}, list.Items[2].Sid: {other, nil}, foreign: {sid, sid},
	} {
		row := rawRows(t, s, "SELECT voice_application_sid, sms_application_sid FROM phone_numbers WHERE sid = $1", number)[0]
		if got := [2]any{row["voice_application_sid"], row["sms_application_sid"]}; got != want {
			t.Errorf("%s names %v, want %v", number, got, want)
		}
	}
}

func testApplicationInput(t *testing.T, s *store.Store) {
	ctx := t.Context()
	scope := everything(demo.Main().SID, model.Application{})
	sid := someSID(t, s, "applications", demo.Main().SID)
	bad := given("ftp://example.com")
	for _, row := range []struct {
		name, field string
		input       model.UpdateApplicationInput
	}{
		{"a name that is null", "friendlyName", model.UpdateApplicationInput{FriendlyName: null[string]()}},
		{"a name that is too long", "friendlyName", model.UpdateApplicationInput{FriendlyName: given(strings.Repeat("a", 65))}},
		{"a method that is null", "voiceMethod", model.UpdateApplicationInput{VoiceMethod: null[model.HTTPMethod]()}},
		{"a flag that is null", "voiceCallerIdLookup", model.UpdateApplicationInput{VoiceCallerIDLookup: null[bool]()}},
		{"voiceUrl", "voiceUrl", model.UpdateApplicationInput{VoiceURL: bad}},
		{"voiceFallbackUrl", "voiceFallbackUrl", model.UpdateApplicationInput{VoiceFallbackURL: bad}},
		{"statusCallback", "statusCallback", model.UpdateApplicationInput{StatusCallback: bad}},
		{"smsUrl", "smsUrl", model.UpdateApplicationInput{SmsURL: bad}},
		{"smsFallbackUrl", "smsFallbackUrl", model.UpdateApplicationInput{SmsFallbackURL: bad}},
		{"smsStatusCallback", "smsStatusCallback", model.UpdateApplicationInput{SmsStatusCallback: bad}},
		{"messageStatusCallback", "messageStatusCallback", model.UpdateApplicationInput{MessageStatusCallback: bad}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := s.UpdateApplication(ctx, changing(scope), sid, row.input)
			wantProblem(t, err, problem.BadUserInput, "input", row.field)
		})
	}
	_, err := s.CreateApplication(ctx, changing(scope), model.CreateApplicationInput{FriendlyName: " "})
	wantProblem(t, err, problem.BadUserInput, "input", "friendlyName")
	_, err = s.CreateApplication(ctx, changing(scope), model.CreateApplicationInput{FriendlyName: "x", MessageStatusCallback: bad})
	wantProblem(t, err, problem.BadUserInput, "input", "messageStatusCallback")
}
