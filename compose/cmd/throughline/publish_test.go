package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// order is an order as a shop would write it by hand: no event id, no schema version, no traceparent.
const order = `{"meta": {"event_type": "order.accepted", "legal_entity": "ACME-US", "occurred_at": "2026-01-05T13:00:00Z",
   "source": {"system": "shop", "instance": "web", "doc_type": "order", "doc_id": "SO-1"}},
 "order_id": "SO-1", "channel": "web", "terms": "PREPAID", "currency": "USD", "control": {"point": "AT_SHIPMENT"},
 "lines": [{"line_id": "1", "stock": {"sku": "MUG", "location": "EAST"}, "unit_price": "5.00",
   "quantity": {"qty": "2", "uom": "EA", "base_qty": "2", "base_uom": "EA"}, "amounts": {"gross": "10.00", "net": "10.00", "freight_net": "0.00", "total": "10.00"}}]}`

// oneLine is order as NDJSON has it, with replacements.
func oneLine(replace ...string) string {
	return strings.NewReplacer(replace...).Replace(strings.ReplaceAll(order, "\n", ""))
}

func TestMessages(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []string // line and text, or line and what is wrong
	}{
		"nothing":            {" \n\t\n", nil},
		"one a line":         {"{\"a\":1}\n\n{\"a\":2}\r\n", []string{`1 {"a":1}`, `3 {"a":2}`}},
		"no last newline":    {`{"a":1}`, []string{`1 {"a":1}`}},
		"byte order mark":    {"\xef\xbb\xbf{\"a\":1}", []string{`1 {"a":1}`}},
		"over several lines": {"{\n \"a\": 1\n}\n{\n \"a\": 2\n}\n", []string{"1 {\n \"a\": 1\n}", "4 {\n \"a\": 2\n}"}},
		"an array":           {"[\n {\"a\":1},\n {\"a\":\n2}\n]\n", []string{`2 {"a":1}`, "3 {\"a\":\n2}"}},
		"a broken line":      {"{\"a\":1}\n{\"a\":}\n{\"a\":3}\n", []string{`1 {"a":1}`, `2 line 2, column 6: malformed JSON: invalid character '}' looking for beginning of value`, `3 {"a":3}`}},
		"the first one is":   {"{\"a\n{\"a\":3}\n", []string{`1 line 1, column 3: malformed JSON: unexpected EOF`, `2 {"a":3}`}},
		"broken inside":      {"{\n \"a\": 1,\n \"b\" 2\n}\n{\"a\":3}\n", []string{`3 line 3, column 6: malformed JSON: invalid character '2' after object key`, `5 {"a":3}`}},
		"the end is missing": {"{\n \"a\": 1,\n", []string{`3 line 3, column 0: malformed JSON: unexpected EOF`}},
		"array cut off":      {"[{\"a\":1},\n", []string{`1 {"a":1}`, `2 line 2, column 0: malformed JSON: unexpected EOF`}},
		"two values a line":  {"{\"a\":1}{\"a\":2}\n", []string{`1 line 1, column 7: malformed JSON: something follows the value`}},
		"no JSON at all":     {"order_id,amount\n1,2\n", []string{`1 line 1, column 1: malformed JSON: invalid character 'o' looking for beginning of value`}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for m := range messages([]byte(c.in)) {
				text := string(m.text)
				if m.err != nil {
					text = m.err.Error()
				}
				got = append(got, fmt.Sprintf("%d %s", m.line, text))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// What is wrong with an event is said with its line and what to do, with exit status 2 and before any server is asked.
func TestPublishRefuses(t *testing.T) {
	c := tool{t: t, flags: []string{"--brokers", nobody(t), "--registry", "http://" + nobody(t)}}
	c.pipe(order, "publish", "--dry-run").exits(0).says("order.accepted", "intake.orders", "1 events are right; nothing is sent")
	for name, x := range map[string]struct {
		in   string
		want []string
	}{
		"malformed JSON":       {order[:40] + "\n" + oneLine(), []string{"line 1, column", "malformed JSON", "1 of 2 events are wrong; nothing is sent"}},
		"unknown event":        {oneLine("order.accepted", "order.adored"), []string{`line 1: event type "order.adored" is not in the catalog`, "`throughline schemas list` prints them"}},
		"no event type":        {`{"order_id": "SO-1"}`, []string{"line 1: meta.event_type is missing"}},
		"missing field":        {"\n" + oneLine(`"order_id": "SO-1",`, ""), []string{"line 2: order.accepted: order_id: missing; expected a string"}},
		"unknown field":        {oneLine(`"channel"`, `"chanel": "x", "channel"`), []string{"line 1: order.accepted: chanel: unknown field", "has meta, order_id"}},
		"wrong type":           {oneLine(`"gross": "10.00"`, `"gross": "ten"`), []string{"line 1: order.accepted: lines[0].amounts.gross: expected a decimal"}},
		"wrong currency":       {oneLine("USD", "XYQ"), []string{"line 1: order.accepted of shop order SO-1: not published: correct the event", "currency is no ISO 4217 code"}},
		"unbalanced document":  {oneLine(`"total": "10.00"`, `"total": "10.01"`), []string{"correct the event", "lines.amounts: total is not net plus freight_net plus the taxes that the seller remits"}},
		"no document":          {oneLine(`"doc_id": "SO-1"`, `"doc_id": ""`), []string{"set meta.source.doc_id"}},
		"derived":              {oneLine() + "\n" + exampleOf(t, "journal.entry"), []string{"line 2", "no source may publish it", "1 of 2 events are wrong; nothing is sent"}},
		"stands twice":         {oneLine(`"channel"`, `"channel": "x", "channel"`), []string{`the field "channel" stands twice`}},
		"every line is wanted": {oneLine("USD", "usd") + "\n" + oneLine("PREPAID", "NEVER"), []string{"line 1:", "line 2: order.accepted: terms: expected one of PREPAID, ON_ACCOUNT, COD"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := tool{t, c.flags}.pipe(x.in, "publish").exits(2, x.want...)
			if r.out != "" {
				t.Errorf("stdout: %s", r.out)
			}
		})
	}
	c.run("publish", "no-such-file.json").exits(2, "no-such-file.json", "no such file")
	c.run("publish", "a", "b").exits(2, "takes one file")
	c.pipe("", "publish").exits(2, "`throughline schemas example order.accepted` prints one")
}

func TestPublishKeepsGoing(t *testing.T) {
	c := tool{t: t}
	in := oneLine() + "\n" + oneLine("USD", "usd") + "\n" + oneLine("SO-1", "SO-2")
	var told struct {
		Published []published
		Refused   []refusal
	}
	c.pipe(in, "publish", "--dry-run", "--keep-going", "-o", "json").exits(2, "1 of 3 events are wrong", "correct them and publish them again").json(&told)
	if len(told.Published) != 2 || len(told.Refused) != 1 {
		t.Fatalf("%+v", told)
	}
	if told.Published[1].Line != 3 || told.Refused[0].Line != 2 {
		t.Errorf("%+v", told)
	}
	id := schemas.SourceID(schemas.Source{System: "shop", Instance: "web", DocType: "order", DocID: "SO-1"})
	if told.Published[0].EventID != id.String() {
		t.Errorf("event id %s, want %s: it must follow from the source document", told.Published[0].EventID, id)
	}
}

// What `schemas example` and `simulate --print` print, publish takes.
func TestWhatIsPrintedMayBePublished(t *testing.T) {
	c := tool{t: t}
	for _, e := range schemas.Catalog {
		if e.Kind == schemas.Fact || e.Kind == schemas.Reference {
			c.pipe(c.run("schemas", "example", e.Type).exits(0).out, "publish", "--dry-run").exits(0).says(e.Type)
		}
	}
	company := simulate.New(simulate.Config{Seed: 3, Orders: 20})
	n := len(company.Reference())
	for range company.Events() {
		n++
	}
	printed := c.run("simulate", "--print", "--seed", "3", "--orders", "20").exits(0).out
	c.pipe(printed, "publish", "--dry-run").exits(0).says(fmt.Sprintf("%d events are right", n), "intake.payments", "reference.items")
	c.run("simulate", "--print", "--verify").exits(2, "none of the others can be")
}

func exampleOf(t *testing.T, eventType string) string {
	t.Helper()
	text, err := schemas.EventJSON(schemas.Example(eventType))
	if err != nil || !json.Valid(text) {
		t.Fatal(err)
	}
	return string(text)
}
