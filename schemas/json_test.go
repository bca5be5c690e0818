package schemas

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// Every optional field, array and map of an example is filled.
func TestExamplesAreFull(t *testing.T) {
	for _, s := range eventSchemas {
		e := exampleOf(t, s.EventType)
		empty := []string{}
		emptyFields(reflect.ValueOf(e).Elem(), e.EventType(), &empty)
		for _, path := range empty {
			t.Errorf("%s is empty", path)
		}
		if !reflect.DeepEqual(e, Example(s.EventType)) {
			t.Errorf("%s: two examples differ", s.EventType)
		}
	}
	if Example("no.such") != nil {
		t.Error("an example of an unknown event")
	}
}

func emptyFields(v reflect.Value, path string, empty *[]string) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			*empty = append(*empty, path)
			return
		}
		emptyFields(v.Elem(), path, empty)
	case reflect.Slice:
		if v.Len() == 0 {
			*empty = append(*empty, path)
		}
		for i := range v.Len() {
			emptyFields(v.Index(i), path, empty)
		}
	case reflect.String:
		if v.Len() == 0 {
			*empty = append(*empty, path)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Decimal]() {
			return
		}
		if set := v.FieldByName("Set"); set.IsValid() && !set.Bool() {
			*empty = append(*empty, path)
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				emptyFields(v.Field(i), path+"."+v.Type().Field(i).Name, empty)
			}
		}
	}
}

func TestJSONRoundTrip(t *testing.T) {
	for _, s := range eventSchemas {
		for _, e := range []Event{exampleOf(t, s.EventType), minimalOf(t, exampleOf(t, s.EventType))} {
			text := jsonOf(t, e)
			back, err := ParseEventJSON(s.EventType, []byte(text))
			if err != nil {
				t.Fatalf("%s: %v", s.EventType, err)
			}
			if again := jsonOf(t, back); again != text {
				t.Errorf("%s: %s", s.EventType, firstDifference(again, text))
			}
			if !bytes.Equal(body(t, back), body(t, e)) {
				t.Errorf("%s: through JSON other bytes", s.EventType)
			}
		}
	}
}

// The zero values of an event print as something that is taken back or refused with a reason, never as something else.
func TestJSONOfEmptyEvents(t *testing.T) {
	for _, s := range eventSchemas {
		e := eventOfType(s.EventType)
		text := jsonOf(t, e)
		back, err := ParseEventJSON(s.EventType, []byte(text))
		if err != nil {
			if !strings.Contains(err.Error(), "expected one of") {
				t.Errorf("%s: %v", s.EventType, err)
			}
			continue
		}
		if !bytes.Equal(body(t, back), body(t, e)) {
			t.Errorf("%s: %s", s.EventType, firstDifference(jsonOf(t, back), text))
		}
	}
}

func TestJSONProblems(t *testing.T) {
	good := jsonOf(t, exampleOf(t, "order.accepted"))
	change := func(old, replacement string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the example lacks %s: the schema has changed, and this test must follow", old)
		}
		return strings.Replace(good, old, replacement, 1)
	}
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"malformed":          {`{"meta":`, []string{"at byte", "EOF"}},
		"not an object":      {`[]`, []string{"the event: expected an object (OrderAccepted), found an array"}},
		"two values":         {good + `{}`, []string{"something follows the event"}},
		"twice":              {change(`"order_id":`, `"order_id":"x","order_id":`), []string{`"order_id" stands twice`}},
		"unknown field":      {change(`"channel":`, `"chanel":"web","channel":`), []string{"chanel: unknown field; OrderAccepted has meta, order_id"}},
		"missing field":      {change(`"currency":"EUR",`, ``), []string{"currency: missing; expected a string"}},
		"decimal as number":  {change(`"gross":"100.0000"`, `"gross":100`), []string{`lines[0].amounts.gross: expected a decimal in a string, at most 4 decimals and 28 digits, for example "12.50", found a number`}},
		"too many decimals":  {change(`"gross":"100.0000"`, `"gross":"100.00001"`), []string{"lines[0].amounts.gross: expected a decimal", "4 decimals"}},
		"not a decimal":      {change(`"gross":"100.0000"`, `"gross":"1,00"`), []string{"lines[0].amounts.gross: expected a decimal"}},
		"enum":               {change(`"terms":"PREPAID"`, `"terms":"BARTER"`), []string{"terms: expected one of PREPAID, ON_ACCOUNT, COD, found a string"}},
		"time":               {change(`"occurred_at":"2011-03-01T09:30:00.123456Z"`, `"occurred_at":"yesterday"`), []string{"meta.occurred_at: expected an instant in RFC 3339"}},
		"uuid":               {change(`"event_id":"`, `"event_id":"zz`), []string{"meta.event_id: expected a uuid"}},
		"date":               {change(`"requested_date":"2011-03-01"`, `"requested_date":"1/3/2011"`), []string{"lines[0].requested_date: expected a date"}},
		"number too large":   {change(`"delivery_attempt":1`, `"delivery_attempt":3000000000`), []string{"meta.source.delivery_attempt: expected a whole number of 32 bits, found a number"}},
		"boolean":            {change(`"late":true`, `"late":"yes"`), []string{"meta.late: expected true or false, found a string"}},
		"map":                {change(`"subject_refs":{"order_id":"ORDER-1"`, `"subject_refs":{"order_id":1`), []string{"meta.subject_refs.order_id: expected a string, found a number"}},
		"record":             {change(`"source":{`, `"source":[],"sourc":{`), []string{"meta.source: expected an object (Source), found an array", "meta.sourc: unknown field"}},
		"several at once":    {change(`"currency":"EUR",`, `"curency":"GBP",`), []string{"currency: missing", "curency: unknown field"}},
		"null where text is": {change(`"channel":"web"`, `"channel":null`), []string{"channel: expected a string, found null"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseEventJSON("order.accepted", []byte(tc.text))
			if err == nil {
				t.Fatal("was taken")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
		})
	}
	if _, err := ParseEventJSON("order.acepted", []byte(good)); err == nil || !strings.Contains(err.Error(), "schemas list") {
		t.Errorf("unknown type: %v", err)
	}
}

// Fields with a default may be left out; null is no value.
func TestJSONDefaults(t *testing.T) {
	e, err := ParseEventJSON("tick", []byte(`{"meta":{"event_id":"0A4A4E3C-5f0b-5c1d-8f2e-3b9d2c1e0f6a","event_type":"tick","legal_entity":"UK","occurred_at":"2011-03-01T10:30:00+01:00",
		"source":{"system":"s","instance":"i","doc_type":"d","doc_id":"1","doc_version":null}}}`))
	if err != nil {
		t.Fatal(err)
	}
	m := e.Header()
	if m.SchemaVersion != 1 || m.OccurredTZOffset != "Z" || m.TimeQuality != TimeQualityEXACT || m.OccurredAt.String() != "2011-03-01T09:30:00Z" || m.CausationID.Set {
		t.Errorf("defaults: %+v", m)
	}
}

// DecodeGeneric gives what EventJSON prints, with the optional fields as null.
func TestGenericIsTheJSONForm(t *testing.T) {
	c := NewCodec(nil, OfflineIDs())
	for _, s := range eventSchemas {
		e := exampleOf(t, s.EventType)
		value, err := c.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		obj, err := c.DecodeGeneric(t.Context(), value)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(obj)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseEventJSON(s.EventType, text)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, e) {
			t.Errorf("%s: %s", s.EventType, firstDifference(jsonOf(t, back), jsonOf(t, e)))
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range eventSchemas {
		f.Add(s.EventType, jsonOf(f, exampleOf(f, s.EventType)))
	}
	f.Fuzz(func(t *testing.T, eventType, text string) {
		e, err := ParseEventJSON(eventType, []byte(text))
		if err != nil {
			return
		}
		printed := jsonOf(t, e)
		back, err := ParseEventJSON(eventType, []byte(printed))
		if err != nil {
			t.Fatalf("what EventJSON prints is refused: %v\n%s", err, printed)
		}
		if jsonOf(t, back) != printed {
			t.Errorf("through JSON twice: %s", firstDifference(jsonOf(t, back), printed))
		}
	})
}
