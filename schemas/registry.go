package schemas

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"golang.org/x/sync/errgroup"
)

// Registry is what we need of a Confluent-compatible schema registry: registering and checking the schemas of the events, and schemas by id, which
// never change and are kept for ever.
type Registry struct {
	client *sr.Client
	now    func() time.Time

	mu      sync.Mutex
	texts   map[int]string
	missing map[int]time.Time // when an id was last not there
}

// missingFor is how long "there is no such id" is believed: a schema may just be on its way to this node of the registry.
const missingFor = time.Second

// NewRegistry makes a registry over client; it asks nothing yet.
func NewRegistry(client *sr.Client) *Registry {
	return &Registry{client: client, now: time.Now, texts: map[int]string{}, missing: map[int]time.Time{}}
}

// Subjects are the names under which the events' schemas are registered: their full names (RecordNameStrategy).
func Subjects() []string {
	names := make([]string, len(eventSchemas))
	for i := range eventSchemas {
		names[i] = eventSchemas[i].Subject
	}
	return names
}

// SchemaText is the self-contained Avro schema of an event type.
func SchemaText(eventType string) (text, subject string, ok bool) {
	for i := range eventSchemas {
		if eventSchemas[i].EventType == eventType {
			return eventSchemas[i].JSON, eventSchemas[i].Subject, true
		}
	}
	return "", "", false
}

// Register registers the schema of every event, one after the other, and returns subject → id. Registering what is there changes nothing. A schema that
// the registry refuses as incompatible is an error that names the subject; a registry that does not answer is ErrRegistryUnavailable.
func (r *Registry) Register(ctx context.Context) (map[string]int, error) {
	return r.each(1, "registering", func(subject string, s sr.Schema) (int, error) {
		return r.client.RegisterSchema(ctx, subject, s, -1, -1)
	})
}

// lookups is how many subjects are asked for at a time.
const lookups = 8

// Lookup finds the ids of the schemas that Register has registered, and registers nothing. A subject whose schema is not there is an error.
func (r *Registry) Lookup(ctx context.Context) (map[string]int, error) {
	return r.each(lookups, "looking up", func(subject string, s sr.Schema) (int, error) {
		found, err := r.client.LookupSchema(ctx, subject, s)
		if notFound(err) {
			return 0, ErrNotRegistered
		}
		return found.ID, err
	})
}

// each asks for every subject, so many at a time, and begins no more once one has failed. The error is that of the first subject that fails, however
// the answers come in: all before it were asked for.
func (r *Registry) each(atATime int, doing string, ask func(string, sr.Schema) (int, error)) (map[string]int, error) {
	ids, errs := make([]int, len(eventSchemas)), make([]error, len(eventSchemas))
	var failed atomic.Bool
	var g errgroup.Group
	g.SetLimit(atATime)
	for i := range eventSchemas {
		if failed.Load() {
			break
		}
		g.Go(func() error {
			s := &eventSchemas[i]
			id, err := ask(s.Subject, sr.Schema{Schema: s.JSON})
			if err != nil {
				errs[i] = fmt.Errorf("%s the schema of %s: %w", doing, s.Subject, registryError(err))
				failed.Store(true)
				return nil
			}
			ids[i] = id
			r.keep(id, s.JSON)
			return nil
		})
	}
	_ = g.Wait() // errs has what failed
	all := make(map[string]int, len(ids))
	for i, id := range ids {
		if errs[i] != nil {
			return nil, errs[i]
		}
		all[eventSchemas[i].Subject] = id
	}
	return all, nil
}

// CheckCompatible asks whether every event's schema may follow the versions that are registered. It returns one error that joins a line for each
// subject that may not; subjects that are not registered yet pass.
func (r *Registry) CheckCompatible(ctx context.Context) error {
	var broken []error
	for i := range eventSchemas {
		s := &eventSchemas[i]
		latest, err := r.client.SchemaByVersion(ctx, s.Subject, -1)
		if notFound(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("checking %s: %w", s.Subject, registryError(err))
		}
		if err := Compatible(s.JSON, []string{latest.Schema.Schema}); err != nil {
			broken = append(broken, fmt.Errorf("%s after version %d: %w", s.Subject, latest.Version, err))
			continue
		}
		answer, err := r.client.CheckCompatibility(ctx, s.Subject, -1, sr.Schema{Schema: s.JSON})
		if err != nil {
			return fmt.Errorf("checking %s: %w", s.Subject, registryError(err))
		}
		if !answer.Is {
			broken = append(broken, fmt.Errorf("%s after version %d: the registry says that it is incompatible %v", s.Subject, latest.Version, answer.Messages))
		}
	}
	return errors.Join(broken...)
}

// SchemaByID is the text of a schema. An id that the registry does not know is a *PoisonError (asked again after a second at the latest); every other
// failure is ErrRegistryUnavailable.
func (r *Registry) SchemaByID(ctx context.Context, id int) (string, error) {
	r.mu.Lock()
	text, ok := r.texts[id]
	since, asked := r.missing[id]
	gone := asked && r.now().Sub(since) < missingFor
	r.mu.Unlock()
	if ok {
		return text, nil
	}
	if gone {
		return "", unknownID(id)
	}
	found, err := r.client.SchemaByID(ctx, id)
	if notFound(err) {
		r.mu.Lock()
		r.missing[id] = r.now()
		r.mu.Unlock()
		return "", unknownID(id)
	}
	if err != nil {
		return "", fmt.Errorf("fetching schema %d: %w", id, registryError(err))
	}
	if found.Type != sr.TypeAvro || len(found.References) > 0 {
		return "", &PoisonError{Class: DeadLetterClassUNKNOWN_SCHEMA, Reason: fmt.Sprintf("schema %d is no self-contained Avro schema", id)}
	}
	r.keep(id, found.Schema)
	return found.Schema, nil
}

func (r *Registry) keep(id int, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts[id] = text
	delete(r.missing, id)
}

func unknownID(id int) error {
	return &PoisonError{Class: DeadLetterClassUNKNOWN_SCHEMA, Reason: fmt.Sprintf("schema id %d is not in the registry", id)}
}

// notFound says that the registry itself answered that there is no such thing; a proxy's bare 404 is an outage.
func notFound(err error) bool {
	var answer *sr.ResponseError
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound && answer.ErrorCode >= 40400 && answer.ErrorCode < 40500
}

// registryError makes what a retry may cure ErrRegistryUnavailable: no answer, or one that says 5xx, 408, 429 or "who are you".
func registryError(err error) error {
	var answer *sr.ResponseError
	if errors.As(err, &answer) && answer.ErrorCode != 0 && (answer.StatusCode == http.StatusConflict || answer.StatusCode == http.StatusUnprocessableEntity) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, ErrNotRegistered) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrRegistryUnavailable, err)
}
