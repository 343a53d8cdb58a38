package store_test

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func mainNumbers() upstream.Scope { return everything(demo.Main().SID, model.PhoneNumber{}) }

// forSale is the first number of a country that can be bought.
func forSale(t *testing.T, s *store.Store, country string) model.AvailablePhoneNumber {
	t.Helper()
	list, err := s.AvailablePhoneNumbers(t.Context(), everything(demo.Main().SID, model.AvailablePhoneNumber{}),
		upstream.AvailablePhoneNumberFilter{CountryCode: country}, upstream.Page{First: 1})
	if err != nil || len(list.Items) == 0 {
		t.Fatalf("nothing is for sale in %s, error %v", country, err)
	}
	return list.Items[0]
}

// testPhoneNumbers buys a number, configures it and releases it.
func testPhoneNumbers(t *testing.T, s *store.Store) {
	ctx := t.Context()
	main, second := mainNumbers(), everything(demo.Second().SID, model.PhoneNumber{})
	offer := forSale(t, s, "US")
	made, err := s.BuyPhoneNumber(ctx, changing(main), model.BuyPhoneNumberInput{
		PhoneNumber: offer.PhoneNumber, VoiceURL: given("https://hooks.example.com/voice?key=1"), VoiceMethod: given(model.HTTPMethodGet),
	})
	if err != nil {
		t.Fatal(err)
	}
	bought := *made.Object
	if !regexp.MustCompile(`^PN[0-9a-f]{32}$`).MatchString(bought.Sid) || bought.PhoneNumber != offer.PhoneNumber ||
		bought.FriendlyName != offer.FriendlyName || bought.Capabilities != offer.Capabilities || bought.Beta != offer.Beta ||
		bought.AddressRequirements != offer.AddressRequirements || bought.Status != "in-use" || bought.Origin != "twilio" ||
		!holds(bought.VoiceURL, "https://hooks.example.com/voice?key=1") || !holds(bought.VoiceMethod, model.HTTPMethodGet) || bought.SmsURL != nil {
		t.Errorf("bought %+v of %+v", bought, offer)
	}
	if !reflect.DeepEqual(made.Position, []string{bought.Sid}) || !made.Fresh {
		t.Errorf("position %q, fresh %v", made.Position, made.Fresh)
	}
	if next := forSale(t, s, "US"); next.PhoneNumber <= offer.PhoneNumber {
		t.Errorf("%s is still for sale", next.PhoneNumber)
	}
	for name, scope := range map[string]upstream.Scope{"the same account": main, "another account": second} {
		_, err := s.BuyPhoneNumber(ctx, changing(scope), model.BuyPhoneNumberInput{PhoneNumber: offer.PhoneNumber})
		wantProblem(t, err, problem.Conflict)
		_, unknown := s.BuyPhoneNumber(ctx, changing(scope), model.BuyPhoneNumberInput{PhoneNumber: "+15005550006"})
		if err.Error() != unknown.Error() {
			t.Errorf("%s: a number that is taken is %q, one that there is not %q", name, err, unknown)
		}
	}

	for name, sid := range map[string]string{
		"of another account": someSID(t, s, "applications", demo.Second().SID), "that there is not": "AP" + strings.Repeat("0", 32),
	} {
		for field, n := range map[string]model.UpdatePhoneNumberInput{
			"voice": {VoiceApplicationSid: given(sid)}, "sms": {SmsApplicationSid: given(sid)},
		} {
			if _, err := s.UpdatePhoneNumber(ctx, changing(main), bought.Sid, n); problem.CodeOf(err) != problem.NotFound {
				t.Errorf("an application %s (%s): %v", name, field, err)
			}
		}
	}
	application := someSID(t, s, "applications", demo.Main().SID)
	change := model.UpdatePhoneNumberInput{FriendlyName: given("Night desk"), VoiceURL: null[string](), SmsApplicationSid: given(application)}
	_, err = s.UpdatePhoneNumber(ctx, changing(second), bought.Sid, change)
	wantProblem(t, err, problem.NotFound)
	wantProblem(t, s.ReleasePhoneNumber(ctx, changing(second), bought.Sid), problem.NotFound)
	changed, err := s.UpdatePhoneNumber(ctx, changing(main), bought.Sid, change)
	if err != nil {
		t.Fatal(err)
	}
	if changed.FriendlyName != "Night desk" || changed.VoiceURL != nil || !holds(changed.VoiceMethod, model.HTTPMethodGet) ||
		!holds(changed.SmsApplicationSid, application) || changed.PhoneNumber != bought.PhoneNumber {
		t.Errorf("configured as %+v", changed)
	}

	if err := s.ReleasePhoneNumber(ctx, changing(main), bought.Sid); err != nil {
		t.Fatal(err)
	}
	_, err = s.PhoneNumber(ctx, main, bought.Sid)
	wantProblem(t, err, problem.NotFound)
	wantProblem(t, s.ReleasePhoneNumber(ctx, changing(main), bought.Sid), problem.NotFound)
	if again := forSale(t, s, "US"); !reflect.DeepEqual(again, offer) {
		t.Errorf("after its release %+v is for sale, want %+v", again, offer)
	}
	if _, err := s.BuyPhoneNumber(ctx, changing(second), model.BuyPhoneNumberInput{PhoneNumber: offer.PhoneNumber}); err != nil {
		t.Errorf("another account cannot buy what was released: %v", err)
	}

	t.Run("numbers of the demo", func(t *testing.T) {
		for origin, want := range map[string]int{"twilio": 1, "hosted": 0} {
			list, err := s.PhoneNumbers(ctx, main, upstream.PhoneNumberFilter{Origin: &origin}, upstream.Page{First: 1})
			if err != nil {
				t.Fatal(err)
			}
			number := list.Items[0]
			if err := s.ReleasePhoneNumber(ctx, changing(main), number.Sid); err != nil {
				t.Fatal(err)
			}
			var available int
			if err := s.DB().QueryRow("SELECT COUNT(*) FROM available_phone_numbers WHERE available AND phone_number = $1", number.PhoneNumber).Scan(&available); err != nil {
				t.Fatal(err)
			}
			if available != want {
				t.Errorf("a number of the origin %s is for sale %d times after its release, want %d", origin, available, want)
			}
		}
	})
	t.Run("an idempotency key", func(t *testing.T) {
		input := model.BuyPhoneNumberInput{PhoneNumber: forSale(t, s, "US").PhoneNumber, IdempotencyKey: given("once")}
		one, err := s.BuyPhoneNumber(ctx, changing(main), input)
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.BuyPhoneNumber(ctx, changing(main), input)
		if err != nil || again.Fresh || again.Object.Sid != one.Object.Sid {
			t.Errorf("bought again: fresh %v, error %v", again.Fresh, err)
		}
	})
}

// testOneHolder has two accounts buy one number many times at once.
func testOneHolder(t *testing.T, s *store.Store) {
	offer := forSale(t, s, "US")
	var wait sync.WaitGroup
	errs := make([]error, 12)
	for i := range errs {
		account := []string{demo.Main().SID, demo.Second().SID}[i%2]
		wait.Go(func() {
			_, errs[i] = s.BuyPhoneNumber(t.Context(), changing(everything(account, model.PhoneNumber{})), model.BuyPhoneNumberInput{PhoneNumber: offer.PhoneNumber})
		})
	}
	wait.Wait()
	bought := 0
	for _, err := range errs {
		if err == nil {
			bought++
		} else if problem.CodeOf(err) != problem.Conflict {
			t.Errorf("error %v, want CONFLICT", err)
		}
	}
	if held := len(rawRows(t, s, "SELECT sid FROM phone_numbers WHERE phone_number = $1", offer.PhoneNumber)); bought != 1 || held != 1 {
		t.Errorf("bought %d times, and held %d times", bought, held)
	}
}

func testPhoneNumberInput(t *testing.T, s *store.Store) {
	ctx := t.Context()
	sid := someSID(t, s, "phone_numbers", demo.Main().SID)
	long := "https://example.com/" + strings.Repeat("a", 2048)
	for _, row := range []struct {
		path  string
		input model.UpdatePhoneNumberInput
	}{
		{"friendlyName", model.UpdatePhoneNumberInput{FriendlyName: given("")}},
		{"friendlyName", model.UpdatePhoneNumberInput{FriendlyName: null[string]()}},
		{"addressSid", model.UpdatePhoneNumberInput{AddressSid: given("AP" + strings.Repeat("0", 32))}},
		{"bundleSid", model.UpdatePhoneNumberInput{BundleSid: given("BU1")}},
		{"voiceApplicationSid", model.UpdatePhoneNumberInput{VoiceApplicationSid: given("AP../" + strings.Repeat("0", 29))}},
		{"voiceCallerIdLookup", model.UpdatePhoneNumberInput{VoiceCallerIDLookup: null[bool]()}},
		{"voiceUrl", model.UpdatePhoneNumberInput{VoiceURL: given("ftp://example.com")}},
		{"voiceFallbackUrl", model.UpdatePhoneNumberInput{VoiceFallbackURL: given("/voice")}},
		{"smsApplicationSid", model.UpdatePhoneNumberInput{SmsApplicationSid: given("")}},
		{"smsUrl", model.UpdatePhoneNumberInput{SmsURL: given(long)}},
		{"smsFallbackUrl", model.UpdatePhoneNumberInput{SmsFallbackURL: given("javascript:alert(1)")}},
		{"statusCallback", model.UpdatePhoneNumberInput{StatusCallback: given("https://")}},
		{"trunkSid", model.UpdatePhoneNumberInput{TrunkSid: given("TKx")}},
	} {
		t.Run(row.path, func(t *testing.T) {
			before := fmt.Sprint(rawRows(t, s, "SELECT * FROM phone_numbers WHERE sid = $1", sid))
			_, err := s.UpdatePhoneNumber(ctx, changing(mainNumbers()), sid, row.input)
			wantProblem(t, err, problem.BadUserInput, "input", row.path)
			if after := fmt.Sprint(rawRows(t, s, "SELECT * FROM phone_numbers WHERE sid = $1", sid)); after != before {
				t.Error("it was changed all the same")
			}
		})
	}
	for _, number := range []string{"", "15558675310", "+0123456789", "+1555867531012345", "+1 555", "+15558675310\n"} {
		_, err := s.BuyPhoneNumber(ctx, changing(mainNumbers()), model.BuyPhoneNumberInput{PhoneNumber: number})
		wantProblem(t, err, problem.BadUserInput, "input", "phoneNumber")
	}
	t.Run("a number that needs an address", func(t *testing.T) {
		row := rawRows(t, s, "SELECT phone_number FROM available_phone_numbers WHERE available AND address_requirements <> 'NONE' LIMIT 1")[0]
		n := model.BuyPhoneNumberInput{PhoneNumber: row["phone_number"].(string)}
		_, err := s.BuyPhoneNumber(ctx, changing(mainNumbers()), n)
		wantProblem(t, err, problem.BadUserInput, "input", "addressSid")
		n.AddressSid = given("AD" + strings.Repeat("0", 32))
		if _, err := s.BuyPhoneNumber(ctx, changing(mainNumbers()), n); err != nil {
			t.Errorf("not for sale after a purchase that failed: %v", err)
		}
	})
}

func testPhonePatterns(t *testing.T, s *store.Store) {
	for _, row := range []struct {
		pattern string
		ok      bool
	}{
		{"5", true}, {"*", true}, {"HELP", true}, {"help*1", true}, {"123456789012345", true},
		{"", false}, {"1234567890123456", false}, {"%", false}, {"_", false}, {"+1", false}, {"5 5", false}, {"é", false},
	} {
		t.Run(row.pattern, func(t *testing.T) {
			_, err := s.AvailablePhoneNumbers(t.Context(), everything(demo.Main().SID, model.AvailablePhoneNumber{}),
				upstream.AvailablePhoneNumberFilter{CountryCode: "US", Contains: &row.pattern}, upstream.Page{First: 1})
			if row.ok && err != nil {
				t.Error(err)
			}
			if !row.ok {
				wantProblem(t, err, problem.BadUserInput, "contains")
			}
		})
	}
	t.Run("of no account", func(t *testing.T) {
		list, err := s.AvailablePhoneNumbers(t.Context(), everything("", model.AvailablePhoneNumber{}),
			upstream.AvailablePhoneNumberFilter{CountryCode: "US"}, upstream.Page{First: 1})
		if err != nil || len(list.Items) > 0 {
			t.Errorf("%d numbers, error %v", len(list.Items), err)
		}
	})
}
