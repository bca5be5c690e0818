package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/schemas"
)

func newDLQCommand(a *app) *cobra.Command {
	return a.group("dlq", "List dead letters, look into them, and hand them back to the consumer at which they died",
		newDLQListCommand(a), newDLQShowCommand(a), newDLQRedriveCommand(a), newDLQRebookCommand(a))
}

// letterRow is a dead letter in a list.
type letterRow struct {
	ID        string    `json:"letter_id"`
	Died      time.Time `json:"died_at"`
	Status    string    `json:"status"` // open, redriven, cured or parked
	Class     string    `json:"class"`
	Stage     string    `json:"stage"`
	Consumer  string    `json:"consumer"`
	Owner     string    `json:"owner"`
	EventType string    `json:"event_type"`
	EventID   string    `json:"event_id"`
	Thread    string    `json:"thread"`
	Reason    string    `json:"reason"`
	Position  string    `json:"position"` // of the record that died
	Laps      int32     `json:"laps"`
}

func rowOf(l *replay.Letter) letterRow {
	r := letterRow{ID: l.Meta.EventID.String(), Died: l.Died.Time(), Status: string(l.Status), Class: string(l.Class), Stage: l.Stage, Consumer: l.Consumer, Owner: l.Owner,
		EventType: l.DeadEventType, Thread: l.Thread, Reason: l.Reason, Laps: l.Laps, Position: schemas.Position{Topic: l.Topic, Partition: l.Partition, Offset: l.Offset}.String()}
	if l.DeadEventID.Set {
		r.EventID = l.DeadEventID.V.String()
	}
	return r
}

// letterFilter is how list and redrive choose letters.
type letterFilter struct {
	class, stage, owner, consumer, order, since string
	status                                      []string
	all                                         bool
}

func (f *letterFilter) flags(c *cobra.Command) {
	x := c.Flags()
	x.StringVar(&f.class, "class", "", "only this class, for example UNMAPPED_ACCOUNT")
	x.StringVar(&f.stage, "stage", "", "only what died at this stage, for example processor:finance")
	x.StringVar(&f.consumer, "consumer", "", "only what died at this consumer group")
	x.StringVar(&f.owner, "owner", "", "only what this team answers for")
	x.StringVar(&f.order, "order", "", "only this order or thread")
	x.StringVar(&f.since, "since", "", "only what died since then: an instant as RFC 3339, or an age such as 2h or 30m")
}

// filter reads the flags; what is not given lets everything through.
func (f *letterFilter) filter() (replay.Filter, error) {
	out := replay.Filter{Class: strings.ToUpper(f.class), Stage: f.stage, Owner: f.owner, Consumer: f.consumer, Thread: f.order}
	if f.class != "" && !schemas.DeadLetterClass(out.Class).Valid() {
		return out, usage(fmt.Errorf("--class %q is no class of dead letters; `throughline schemas show dead.letter` lists them", f.class))
	}
	for _, s := range f.status {
		if !slices.Contains([]replay.Status{replay.Open, replay.Redriven, replay.Cured, replay.Parked}, replay.Status(s)) {
			return out, usage(fmt.Errorf("--status %q is none of open, redriven, cured, parked", s))
		}
		out.Status = append(out.Status, replay.Status(s))
	}
	if f.since == "" {
		return out, nil
	}
	if age, err := time.ParseDuration(f.since); err == nil {
		out.Since = schemas.TimeOf(time.Now().Add(-age))
		return out, nil
	}
	t, err := time.Parse(time.RFC3339, f.since)
	if err != nil {
		return out, usage(fmt.Errorf("--since %q is neither an instant such as 2026-03-01T00:00:00Z nor an age such as 2h", f.since))
	}
	out.Since = schemas.TimeOf(t)
	return out, nil
}

func (f *letterFilter) empty() bool {
	return f.class == "" && f.stage == "" && f.owner == "" && f.consumer == "" && f.order == "" && f.since == ""
}

func newDLQListCommand(a *app) *cobra.Command {
	var f letterFilter
	c := &cobra.Command{
		Use:   "list",
		Short: "List dead letters, the oldest first",
		Long: "Lists letters that are open (nobody has acted), redriven (on their way back) or parked (dead after every redrive that they may have); with --all also\n" +
			"those that are cured. Reads Kafka only.",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if len(f.status) == 0 && !f.all {
				f.status = []string{string(replay.Open), string(replay.Redriven), string(replay.Parked)}
			}
			filter, err := f.filter()
			if err != nil {
				return err
			}
			desk, done, err := a.desk(c.Context(), operator{})
			if err != nil {
				return err
			}
			letters, err := desk.Letters(c.Context(), filter)
			done()
			if err != nil {
				return err
			}
			rows := make([]letterRow, len(letters))
			for i, l := range letters {
				rows[i] = rowOf(l)
			}
			return a.print(rows, func(w io.Writer) { writeLetters(w, rows) })
		},
	}
	f.flags(c)
	c.Flags().StringSliceVar(&f.status, "status", nil, "only open, redriven, cured or parked")
	c.Flags().BoolVar(&f.all, "all", false, "also what is cured")
	return c
}

func writeLetters(w io.Writer, rows []letterRow) {
	lines := make([][]string, len(rows))
	for i, r := range rows {
		lines[i] = []string{r.ID, instant(&r.Died), r.Status, strconv.Itoa(int(r.Laps)), r.Class, r.Stage, r.Owner, r.EventType, r.Thread, r.Reason}
	}
	table(w, []string{"letter", "died at", "status", "laps", "class", "stage", "owner", "event", "thread", "reason"}, lines)
}

// letterView is all there is to know of one letter.
type letterView struct {
	letterRow
	Deaths       int               `json:"deaths"`
	LetterAt     string            `json:"letter_position"`
	RecordTime   time.Time         `json:"record_time"`
	SchemaID     *int32            `json:"schema_id"`
	Key          string            `json:"key"`
	Headers      map[string]string `json:"headers"`
	RedrivenBy   string            `json:"redriven_by,omitempty"`
	RedrivenWhy  string            `json:"redriven_why,omitempty"`
	Event        json.RawMessage   `json:"event,omitempty"` // where it can be read
	Unreadable   string            `json:"unreadable,omitempty"`
	Value        []byte            `json:"value"` // as it stands, base64
	WhatToDo     string            `json:"what_to_do"`
	valuePreview string
}

func newDLQShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show LETTER",
		Short: "Show one dead letter: why it died, its headers, and its event as far as it can be read",
		Args:  oneArgument("the id of one letter"),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := schemas.ParseUUID(args[0])
			if err != nil {
				return usage(fmt.Errorf("%q is no letter id: %w; `throughline dlq list` prints them", args[0], err))
			}
			desk, done, err := a.desk(c.Context(), operator{})
			if err != nil {
				return err
			}
			letters, err := desk.Letters(c.Context(), replay.Filter{IDs: []schemas.UUID{id}})
			done()
			if err != nil {
				return err
			}
			if len(letters) == 0 {
				return found(fmt.Errorf("there is no dead letter %s: `throughline dlq list --all` prints them; after 90 days they are gone", id))
			}
			v := viewOf(letters[0])
			if e, _, err := desk.Codec.Decode(c.Context(), letters[0].Value); err != nil {
				v.Unreadable = err.Error()
			} else if v.Event, err = schemas.EventJSON(e); err != nil {
				return err
			}
			return a.print(v, v.write)
		},
	}
}

func viewOf(l *replay.Letter) letterView {
	v := letterView{letterRow: rowOf(l), Deaths: l.Deaths, LetterAt: l.At.String(), RecordTime: l.RecordTime.Time(), Key: string(l.Key), Headers: map[string]string{},
		RedrivenBy: l.Who, RedrivenWhy: l.Why, Value: l.Value}
	if l.SchemaID.Set {
		v.SchemaID = &l.SchemaID.V
	}
	for _, h := range l.Headers {
		v.Headers[h.Key] = string(h.Value)
	}
	switch l.Status {
	case replay.Open:
		v.WhatToDo = "cure the cause (" + l.Owner + " answers for it), then `throughline dlq redrive " + v.ID + " --why …`"
	case replay.Redriven:
		v.WhatToDo = "wait: it is on its way to " + l.Consumer + "; `throughline status` says whether that runs"
	case replay.Parked:
		v.WhatToDo = "correct the event at its source and publish it anew: redrives are used up"
	default:
		v.WhatToDo = "nothing: it is cured"
	}
	v.valuePreview = hex.Dump(l.Value[:min(len(l.Value), 256)])
	return v
}

func (v letterView) write(w io.Writer) {
	schema := ""
	if v.SchemaID != nil {
		schema = strconv.Itoa(int(*v.SchemaID))
	}
	writeFields(w, [][2]string{{"letter", v.ID}, {"status", v.Status}, {"why it died", v.Class + ": " + v.Reason}, {"where", v.Stage + " (" + v.Consumer + ")"},
		{"when", instant(&v.Died)}, {"owner", v.Owner}, {"record", v.Position + ", of " + instant(&v.RecordTime)}, {"event", strings.TrimSpace(v.EventType + " " + v.EventID)},
		{"thread", v.Thread}, {"key", v.Key}, {"schema id", schema}, {"deaths, laps", fmt.Sprintf("%d, %d", v.Deaths, v.Laps)},
		{"redriven by", v.RedrivenBy}, {"because", v.RedrivenWhy}, {"what to do", v.WhatToDo}})
	for _, k := range slices.Sorted(maps.Keys(v.Headers)) {
		fmt.Fprintf(w, "header %s = %q\n", k, v.Headers[k])
	}
	if v.Unreadable != "" {
		fmt.Fprintf(w, "\nits bytes cannot be read (%s); the first of %d:\n%s", v.Unreadable, len(v.Value), v.valuePreview)
		return
	}
	pretty := &strings.Builder{}
	enc := json.NewEncoder(pretty)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v.Event) // it is JSON already
	fmt.Fprintf(w, "\n%s", pretty.String())
}

// errNothingChosen is what redrive says without ids and filters.
var errNothingChosen = errors.New("say which letters: ids, or a filter such as --class UNMAPPED_ACCOUNT, or --all for every open one")
