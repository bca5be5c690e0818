package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/schemas"
)

func newPublishCommand(a *app) *cobra.Command {
	p := &publication{app: a}
	c := &cobra.Command{
		Use:   "publish [FILE]",
		Short: "Publish events from JSON or NDJSON; reads standard input without a file",
		Long: "Publishes events as their sources would: facts to intake.*, reference data to its topics. FILE holds one event a line, one event over several lines,\n" +
			"or an array; meta.event_type says which event it is (`throughline schemas list`), and meta.event_id may be left out: it follows from meta.source.\n" +
			"Everything is checked before anything is sent; an event that is published twice changes nothing. What `cat` prints of an intake topic, publish takes.",
		Example: "  throughline publish order.json\n  throughline cat intake.orders | throughline publish --dry-run",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(fmt.Errorf("%s takes one file, or none to read standard input", c.CommandPath()))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			input, err := p.read(args)
			if err != nil {
				return usage(err)
			}
			return p.publish(c.Context(), input)
		},
	}
	c.Flags().BoolVar(&p.dryRun, "dry-run", false, "check only; needs no server")
	c.Flags().BoolVar(&p.keepGoing, "keep-going", false, "publish the events that are right, even where others are wrong")
	c.Flags().IntVar(&p.schemaID, "schema-id", 0, "write this schema id instead of the registered one, as a producer with a schema version of its own does")
	return c
}

// publication is one use of publish.
type publication struct {
	*app
	dryRun, keepGoing bool
	schemaID          int
}

func (p *publication) read(args []string) ([]byte, error) {
	if len(args) == 0 || args[0] == "-" {
		return io.ReadAll(p.in)
	}
	return os.ReadFile(args[0])
}

// published is an event of the input that may be sent.
type published struct {
	Line      int    `json:"line"`
	EventType string `json:"event_type"`
	EventID   string `json:"event_id"`
	Topic     string `json:"topic"`
	event     schemas.Event
	admitted  bool // it comes from the canonical log
}

// refusal is an event of the input that may not.
type refusal struct {
	Line    int    `json:"line"`
	Problem string `json:"problem"`
}

func (p *publication) publish(ctx context.Context, input []byte) error {
	right, wrong := checkAll(input)
	if len(right)+len(wrong) == 0 {
		return usage(errors.New("there is no event in the input: `throughline schemas example order.accepted` prints one"))
	}
	bad := p.refused(right, wrong)
	if bad != nil && !p.keepGoing {
		right = right[:0]
	}
	p.warn(right)
	if !p.dryRun && len(right) > 0 {
		if err := p.send(ctx, right); err != nil {
			return err
		}
	}
	result := map[string]any{"dry_run": p.dryRun, "published": right, "refused": wrong}
	return errors.Join(p.print(result, func(w io.Writer) { p.summary(w, right) }), bad)
}

// warn says what becomes of events that are taken from the canonical log and said again.
func (p *publication) warn(right []published) {
	n := 0
	for _, e := range right {
		if e.admitted {
			n++
		}
	}
	if n > 0 {
		p.note("%d events come from the canonical log. A system that knows them drops them as copies, or, where admission has completed them, refuses them as CONFLICT "+
			"(other content under the same id): there, publish what `throughline cat intake.…` prints", n)
	}
}

func (p *publication) refused(right []published, wrong []refusal) error {
	if len(wrong) == 0 {
		return nil
	}
	const shown = 20
	lines := make([]string, 0, shown+1)
	for i, r := range wrong {
		if i == shown {
			lines = append(lines, fmt.Sprintf("… and %d more (--output json lists all)", len(wrong)-shown))
			break
		}
		lines = append(lines, r.Problem)
	}
	then := "nothing is sent: correct them, or publish the others with --keep-going"
	if p.keepGoing || len(right) == 0 {
		then = "correct them and publish them again"
	}
	return usage(fmt.Errorf("%d of %d events are wrong; %s\n%s", len(wrong), len(right)+len(wrong), then, strings.Join(lines, "\n")))
}

func (p *publication) summary(w io.Writer, right []published) {
	if len(right) == 0 {
		return
	}
	rows, byTopic := make([][]string, len(right)), map[string]int{}
	for i, e := range right {
		rows[i] = []string{strconv.Itoa(e.Line), e.EventType, e.EventID, e.Topic}
		byTopic[e.Topic]++
	}
	if len(rows) > 20 {
		rows = rows[:0]
		for topic, n := range byTopic {
			rows = append(rows, []string{strconv.Itoa(n), topic})
		}
		slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[1], b[1]) })
		table(w, []string{"events", "topic"}, rows)
	} else {
		table(w, []string{"line", "event type", "event id", "topic"}, rows)
	}
	if p.dryRun {
		fmt.Fprintf(w, "%d events are right; nothing is sent (--dry-run)\n", len(right))
		return
	}
	fmt.Fprintf(w, "%d events published and durable\n", len(right))
}

// send publishes in the order of the input and returns when all are durable.
func (p *publication) send(ctx context.Context, events []published) error {
	if p.schemaID > 0 {
		ids := map[string]int{}
		for _, subject := range schemas.Subjects() {
			ids[subject] = p.schemaID
		}
		p.schemas = schemas.NewCodec(nil, ids)
	}
	producer, err := p.producer(ctx)
	if err != nil {
		return err
	}
	bar := p.progress("publishing", int64(len(events)))
	defer bar.Done()
	out := outbox{producer: producer}
	for i := range events {
		if out.broken() {
			break
		}
		out.emit(ctx, events[i].event)
		bar.Set(int64(i), int64(len(events)))
	}
	if n, err := out.flush(ctx); err != nil {
		return fmt.Errorf("%d of %d events are published; publish all of them again, copies change nothing: %w", n, len(events), err)
	}
	return nil
}
