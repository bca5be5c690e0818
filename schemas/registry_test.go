package schemas

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// server is a registry that can be counted on, and broken.
type server struct {
	fake   *srfake.Registry
	asked  atomic.Int64
	broken atomic.Int64 // status to answer with, 0 for none
}

func startRegistry(t *testing.T) (*server, *sr.Client) {
	t.Helper()
	s := &server{fake: srfake.NewRegistry()}
	t.Cleanup(s.fake.Close)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		if status := s.broken.Load(); status != 0 {
			http.Error(w, "out of order", int(status))
			return
		}
		s.fake.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	client, err := sr.NewClient(sr.URLs(front.URL), sr.HTTPClient(&http.Client{Timeout: 30 * time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	return s, client
}

func TestRegisterAndLookup(t *testing.T) {
	_, client := startRegistry(t)
	ctx := context.Background()
	if _, err := NewRegistry(client).Lookup(ctx); err == nil || !strings.Contains(err.Error(), "throughline migrate") {
		t.Errorf("looking up in an empty registry: %v, want what to do", err)
	}
	ids, err := NewRegistry(client).Register(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) != len(eventSchemas) {
		t.Errorf("%d ids, want %d", len(ids), len(eventSchemas))
	}
	again, err := NewRegistry(client).Register(ctx)
	if err != nil || !maps.Equal(ids, again) {
		t.Errorf("registering again: %v, %v, want the same ids", again, err)
	}
	found, err := NewRegistry(client).Lookup(ctx)
	if err != nil || !maps.Equal(ids, found) {
		t.Errorf("looking up: %v, %v, want the same ids", found, err)
	}
}

// The error names the first subject that is missing, and what follows long after it is not asked for.
func TestLookupNamesTheFirstThatIsMissing(t *testing.T) {
	s, client := startRegistry(t)
	ctx := context.Background()
	if _, err := NewRegistry(client).Register(ctx); err != nil {
		t.Fatal(err)
	}
	const first = 3
	for i := range eventSchemas {
		if i == first || i == first+2 || i > first+20 {
			for _, how := range []sr.DeleteHow{sr.SoftDelete, sr.HardDelete} {
				if _, err := client.DeleteSubject(ctx, eventSchemas[i].Subject, how); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for range 20 {
		before := s.asked.Load()
		_, err := NewRegistry(client).Lookup(ctx)
		if !errors.Is(err, ErrNotRegistered) || !strings.Contains(err.Error(), "the schema of "+eventSchemas[first].Subject+":") {
			t.Errorf("looking up: %v, want that %s is missing", err, eventSchemas[first].Subject)
		}
		if asked := s.asked.Load() - before; asked <= first || asked > int64(len(eventSchemas))/2 {
			t.Errorf("%d subjects of %d were asked for", asked, len(eventSchemas))
		}
	}
}

// An event that another version wrote is read through the registry, and the registry is asked for each id once.
func TestDecodeThroughTheRegistry(t *testing.T) {
	s, client := startRegistry(t)
	ctx := context.Background()
	ids, err := NewRegistry(client).Register(ctx)
	if err != nil {
		t.Fatal(err)
	}
	newer := withField(t, schemaOf(&Tick{}), `{"name":"zz","type":"int","default":0}`, true)
	added, err := client.CreateSchema(ctx, "operations.Tick", sr.Schema{Schema: newer})
	if err != nil {
		t.Fatal(err)
	}
	c := NewCodec(NewRegistry(client), ids)
	tick := exampleOf(t, "tick")
	value := framed(added.ID, append([]byte{8}, body(t, tick)...))
	before := s.asked.Load()
	for range 3 {
		got, id, err := c.Decode(ctx, value)
		if err != nil || id != added.ID || !reflect.DeepEqual(got, tick) {
			t.Fatalf("decoding: %v, %d, %v", got, id, err)
		}
		var m Meta
		if subject, err := c.DecodeHeader(ctx, value, &m); err != nil || subject != "operations.Tick" || !reflect.DeepEqual(&m, tick.Header()) {
			t.Fatalf("header: %s, %v", subject, err)
		}
	}
	if asked := s.asked.Load() - before; asked != 1 {
		t.Errorf("the registry was asked %d times, want once", asked)
	}
	// A codec that starts with no ids of its own (another cluster's, say) reads our layout by its text.
	got, _, err := NewCodec(NewRegistry(client), nil).Decode(ctx, framed(ids["operations.Tick"], body(t, tick)))
	if err != nil || !reflect.DeepEqual(got, tick) {
		t.Errorf("our own schema by id: %v, %v", got, err)
	}
}

func TestUnknownIDsAreAskedForAgain(t *testing.T) {
	s, client := startRegistry(t)
	ctx := context.Background()
	r := NewRegistry(client)
	now := time.Unix(1000, 0)
	r.now = func() time.Time { return now }
	c := NewCodec(r, nil)
	value := framed(1, body(t, exampleOf(t, "tick")))
	for range 3 {
		var p *PoisonError
		if _, _, err := c.Decode(ctx, value); !errors.As(err, &p) || p.Class != DeadLetterClassUNKNOWN_SCHEMA {
			t.Fatalf("unknown id: %v, want UNKNOWN_SCHEMA", err)
		}
	}
	if asked := s.asked.Load(); asked != 1 {
		t.Errorf("asked %d times within a second, want once", asked)
	}
	now = now.Add(missingFor)
	text, subject, _ := SchemaText("tick")
	if added, err := client.CreateSchema(ctx, subject, sr.Schema{Schema: text}); err != nil || added.ID != 1 {
		t.Fatal(added, err)
	}
	if _, _, err := c.Decode(ctx, value); err != nil {
		t.Errorf("after a second, with the schema there: %v", err)
	}
}

// An outage is not a dead letter.
func TestRegistryOutageIsNoPoison(t *testing.T) {
	s, client := startRegistry(t)
	ctx := context.Background()
	c := NewCodec(NewRegistry(client), OfflineIDs())
	value := framed(foreignID, []byte{0})
	for _, status := range []int64{500, 503, 404, 401, 429} { // 404 and 401 of a proxy, not of the registry
		s.broken.Store(status)
		_, _, err := c.Decode(ctx, value)
		if !errors.Is(err, ErrRegistryUnavailable) || errors.Is(err, ErrPoison) {
			t.Errorf("status %d: %v, want ErrRegistryUnavailable", status, err)
		}
		if _, err := NewRegistry(client).Register(ctx); !errors.Is(err, ErrRegistryUnavailable) {
			t.Errorf("registering at status %d: %v, want ErrRegistryUnavailable", status, err)
		}
		if _, err := NewRegistry(client).Lookup(ctx); !errors.Is(err, ErrRegistryUnavailable) {
			t.Errorf("looking up at status %d: %v, want ErrRegistryUnavailable", status, err)
		}
	}
	s.broken.Store(0)
	if _, _, err := c.Decode(ctx, value); !errors.Is(err, ErrPoison) {
		t.Errorf("after the outage: %v, want poison for an id that is not there", err)
	}
	nobody, err := sr.NewClient(sr.URLs("http://127.0.0.1:1"), sr.HTTPClient(&http.Client{Timeout: 30 * time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := NewCodec(NewRegistry(nobody), OfflineIDs()).Decode(ctx, value); !errors.Is(err, ErrRegistryUnavailable) {
		t.Errorf("nobody there: %v, want ErrRegistryUnavailable", err)
	}
}

func TestCheckCompatible(t *testing.T) {
	_, client := startRegistry(t)
	ctx := context.Background()
	if err := NewRegistry(client).CheckCompatible(ctx); err != nil {
		t.Errorf("an empty registry: %v", err)
	}
	broken := strings.Replace(schemaOf(&StockPosition{}), `"precision":20,"scale":6`, `"precision":20,"scale":2`, 1)
	if _, err := client.CreateSchema(ctx, "inventory.StockPosition", sr.Schema{Schema: broken}); err != nil {
		t.Fatal(err)
	}
	err := NewRegistry(client).CheckCompatible(ctx)
	if err == nil || !strings.Contains(err.Error(), "inventory.StockPosition") || !strings.Contains(err.Error(), "scale") {
		t.Errorf("a decimal whose scale moved: %v, want the subject and the reason", err)
	}
}

func TestEncodeNeedsARegisteredSchema(t *testing.T) {
	_, err := NewCodec(nil, nil).Encode(exampleOf(t, "tick"))
	if err == nil || !strings.Contains(err.Error(), "throughline migrate") || errors.Is(err, ErrPoison) {
		t.Errorf("encoding without ids: %v, want what to do", err)
	}
}
