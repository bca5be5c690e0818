package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"sync"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/producers"
	"github.com/throughline/throughline/schemas"
)

// shown is how many problems, or published events, are told one by one.
const shown = 20

func newPublishCommand(a *app) *cobra.Command {
	var eventType string
	var check bool
	c := &cobra.Command{
		Use:   "publish [FILE]",
		Short: "Publish events from JSON or NDJSON, in a file or on stdin",
		Long: "Reads events in their JSON form: one object, an array, or one object a line. Nothing is published unless every event keeps its contract; every\n" +
			"problem is told with its line. meta.event_id may be left out: it follows from meta.source, so that publishing twice changes nothing.",
		Example: "  throughline publish order.json\n  throughline schemas example order.accepted | throughline publish\n  throughline cat intake.orders | throughline publish --check",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			name, text, err := a.input(args)
			if err != nil {
				return err
			}
			items, err := splitEvents(text)
			if err == nil && len(items) == 0 {
				err = errors.New("no event in it")
			}
			if err != nil {
				return usage(fmt.Errorf("%s: %w. Nothing was published", name, err))
			}
			if err := a.checkItems(name, items, eventType); err != nil {
				return err
			}
			if check {
				return a.print(map[string]int{"valid": len(items)}, func(w io.Writer) { fmt.Fprintf(w, "%d events are valid\n", len(items)) })
			}
			return a.publishItems(c.Context(), name, items, eventType)
		},
	}
	c.Flags().StringVar(&eventType, "type", "", "event `type` where meta.event_type is left out")
	c.Flags().BoolVar(&check, "check", false, "validate only")
	_ = c.RegisterFlagCompletionFunc("type", completeTypes)
	return c
}

func (a *app) input(args []string) (name string, text []byte, err error) {
	if len(args) == 0 || args[0] == "-" {
		if text, err = io.ReadAll(a.in); err != nil {
			return "", nil, fmt.Errorf("reading stdin: %w", err)
		}
		return "stdin", text, nil
	}
	if text, err = os.ReadFile(args[0]); err != nil {
		return "", nil, usage(fmt.Errorf("reading the events: %w", err))
	}
	return args[0], text, nil
}

// checkItems tells every problem, up to a number that a person reads.
func (a *app) checkItems(name string, items []item, eventType string) error {
	wrong := 0
	for _, it := range items {
		_, err := parseEvent(it.text, eventType)
		if err == nil {
			continue
		}
		if wrong++; wrong <= shown {
			a.note("%s:%d: %v", name, it.line, err)
		}
	}
	if wrong == 0 {
		return nil
	}
	return usage(fmt.Errorf("%d of %d events in %s are not valid, nothing was published: correct the lines named above. `throughline schemas example TYPE` shows a valid one",
		wrong, len(items), name))
}

// published is what became of one event.
type published struct {
	Line      int    `json:"line"`
	EventType string `json:"event_type"`
	EventID   string `json:"event_id"`
	Topic     string `json:"topic"`
}

func (a *app) publishItems(ctx context.Context, name string, items []item, eventType string) error {
	p, err := a.producer(ctx)
	if err != nil {
		return err
	}
	defer p.Close(context.WithoutCancel(ctx))
	bar := a.progress("publishing", int64(len(items)))
	defer bar.Done()
	out := outbox{producer: p}
	var done []published
	topics := map[string]int{}
	for i, it := range items {
		e, err := parseEvent(it.text, eventType)
		if err != nil {
			return usage(err) // cannot be: it was checked
		}
		out.emit(ctx, e)
		topic := destination(e)
		topics[topic]++
		if len(done) < shown {
			done = append(done, published{it.line, e.EventType(), e.Header().EventID.String(), topic})
		}
		bar.Set(int64(i), int64(len(items)))
	}
	if n, err := out.flush(ctx); err != nil {
		return fmt.Errorf("%d of %d events of %s were published; publish it again, copies are dropped: %w", n, len(items), name, err)
	}
	result := map[string]any{"published": len(items), "topics": topics, "events": done}
	return a.print(result, func(w io.Writer) {
		if len(items) <= shown {
			for _, d := range done {
				fmt.Fprintf(w, "%s  %s  %s\n", d.EventID, d.EventType, d.Topic)
			}
		}
		fmt.Fprintf(w, "published %d events%s\n", len(items), perTopic(topics))
	})
}

func perTopic(topics map[string]int) string {
	var names []string
	for t := range topics {
		names = append(names, t)
	}
	sort.Strings(names)
	text := ""
	for i, t := range names {
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		text += fmt.Sprintf("%s%s %d", sep, t, topics[t])
	}
	return text
}

func destination(e schemas.Event) string {
	if topic, ok := schemas.IntakeTopic(e); ok {
		return topic
	}
	topic, _ := schemas.Route(e)
	return topic
}

// producer publishes to brokers that have answered.
func (a *app) producer(ctx context.Context) (*producers.Producer, error) {
	if _, err := a.client(ctx); err != nil {
		return nil, err
	}
	codec, err := a.codec(ctx)
	if err != nil {
		return nil, err
	}
	opts, err := a.cluster()
	if err != nil {
		return nil, err
	}
	return producers.New(opts, codec)
}

// outbox publishes in the background and keeps the first failure.
type outbox struct {
	producer *producers.Producer
	mu       sync.Mutex
	durable  int64
	failed   error
}

func (o *outbox) emit(ctx context.Context, e schemas.Event) {
	o.producer.EmitAsync(ctx, e, func(err error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if err == nil {
			o.durable++
		} else if o.failed == nil {
			o.failed = err
		}
	})
}

// flush waits for everything and says how much is durable.
func (o *outbox) flush(ctx context.Context) (int64, error) {
	err := o.producer.Flush(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.durable, errors.Join(o.failed, err)
}

// broken says that an event has failed: go no further.
func (o *outbox) broken() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failed != nil
}
