package schemas

import (
	"context"
	"reflect"
	"testing"
)

func exampleOf(t testing.TB, eventType string) Event {
	t.Helper()
	e := Example(eventType)
	if e == nil {
		schema, err := ownSchema(eventOfType(eventType).Subject())
		if err != nil {
			t.Fatal(err)
		}
		t.Fatalf("no example of %s: %v", eventType, fillFromJSON(eventOfType(eventType), exampler{eventType}.value(schema, "", 0)))
	}
	return e
}

func TestRoundTrip(t *testing.T) {
	c := NewCodec(nil, OfflineIDs())
	for _, s := range eventSchemas {
		t.Run(s.EventType, func(t *testing.T) {
			e := exampleOf(t, s.EventType)
			value, err := c.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			back, id, err := c.Decode(context.Background(), value)
			if err != nil {
				t.Fatal(err)
			}
			if id != OfflineIDs()[s.Subject] || !reflect.DeepEqual(e, back) {
				t.Errorf("decode(encode(e)) = %+v, want %+v", back, e)
			}
		})
	}
}
