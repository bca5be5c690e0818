package sinks

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// Every cell of every table's example is what the event says: ClickHouse reads what a Block wrote, and each column is held against the field behind it.
func TestRowsSayWhatTheEventSays(t *testing.T) {
	_, conn := migrated(t)
	for _, c := range []struct {
		table, event string
		cells        func(schemas.Event) map[string]string
	}{
		{"events", "shipment.shipped", func(e schemas.Event) map[string]string {
			x := e.(*schemas.ShipmentShipped)
			amount := schemas.Decimal{}
			for _, l := range x.Lines {
				amount = amount.Add(l.Amounts.Total)
			}
			return map[string]string{
				"event_id": x.Meta.EventID.String(), "event_type": "shipment.shipped", "legal_entity": x.Meta.LegalEntity, "order_id": x.OrderID, "shipment_id": x.ShipmentID,
				"thread": x.Meta.CorrelationID, "source_doc_id": x.Meta.Source.DocID, "source_system": x.Meta.Source.System, "period": x.Meta.Period, "rule_set": x.Meta.RuleSet,
				"formatDateTime(occurred_at, '%FT%T')": x.Meta.OccurredAt.Time().Format("2006-01-02T15:04:05"), "effective_date": x.Meta.EffectiveDate.V.String(),
				"intake_topic": x.Meta.Intake.Topic, "intake_offset": fmt.Sprint(x.Meta.Intake.Offset), "content_hash": fmt.Sprintf("%x", x.Meta.Intake.ContentHash),
				"toDecimalString(amount_total, 4)": amount.String(), "currency": x.Currency, "refs['fulfillment_id']": x.FulfillmentID, "expects_entry": "true", "expects_delta": "true",
				"key": x.Meta.CorrelationID, "topic": "fulfillment", "causation_id": x.Meta.CausationID.V.String(), "thread_sequence": fmt.Sprint(x.Meta.ThreadSequence.V),
			}
		}},
		{"journal_lines", "journal.entry", func(e schemas.Event) map[string]string {
			x := e.(*schemas.JournalEntry)
			l := x.Lines[0]
			return map[string]string{
				"entry_id": x.Meta.EventID.String(), "event_id": x.Meta.CausationID.V.String(), "event_type": x.CauseType, "rule_id": x.RuleID, "rule_version": fmt.Sprint(x.RuleVersion),
				"ledger": x.Ledger, "functional_currency": x.FunctionalCurrency, "toDecimalString(fx_rate, 10)": x.FXRate.V.String(), "reverses": x.Reverses.V.String(),
				"line_no": fmt.Sprint(l.LineNo), "account": l.Account, "toDecimalString(amount_txn, 4)": l.AmountTxn.String(), "currency": l.Currency, "toDecimalString(amount_fn, 4)": l.AmountFn.String(),
				"control_key": l.ControlKey, "order_line_id": l.OrderLineID, "sku": l.SKU, "location": l.Location, "tax_jurisdiction": l.TaxJurisdiction, "toDecimalString(qty, 6)": l.Qty.V.String(), "uom": l.UOM,
				"length(dimensions) >= " + fmt.Sprint(len(x.Dimensions)): "1", "dimensions['" + x.Dimensions[0].Key + "']": x.Dimensions[0].Value,
			}
		}},
		{"stock_deltas", "stock.delta", deltaCells},
		{"stock_positions", "stock.position", stockCells},
		{"stock_snapshots", "inventory.snapshot_taken", snapshotCells},
		{"order_lines", "shipment.shipped", movedLineCells},
		{"exceptions", "exception.raised", func(e schemas.Event) map[string]string {
			x := e.(*schemas.ExceptionRaised)
			return map[string]string{"exception_id": x.Meta.EventID.String(), "code": x.Code, "summary": x.Summary, "owner": x.Owner, "toDecimalString(amount, 4)": x.Amount.Amount.String(), "currency": x.Amount.Currency}
		}},
		{"operator_actions", "operator.action", func(e schemas.Event) map[string]string {
			x := e.(*schemas.OperatorAction)
			return map[string]string{"action_id": x.Meta.EventID.String(), "action": string(x.Action), "who": x.Who, "why": x.Why, "subject_id": x.LetterID.V.String(), "subject_topic": x.Topic,
				"subject_partition": fmt.Sprint(x.Partition.V), "subject_offset": fmt.Sprint(x.Offset.V), "consumer": x.Consumer, "finding": x.Finding, "found": x.Found, "plan_hash": x.PlanHash,
				"thread": x.Meta.CorrelationID, "topic": schemas.TopicActions}
		}},
		{"dead_letters", "dead.letter", func(e schemas.Event) map[string]string {
			x := e.(*schemas.DeadLetter)
			return map[string]string{"letter_id": x.Meta.EventID.String(), "stage": x.Stage, "consumer": x.Consumer, "class": string(x.Class), "reason": x.Reason, "owner": x.Owner, "topic": x.Topic,
				"partition": fmt.Sprint(x.Partition), "offset": fmt.Sprint(x.Offset), "schema_id": fmt.Sprint(x.SchemaID.V), "key": string(x.Key), "value": string(x.Value),
				"headers['" + x.Headers[0].Key + "']": string(x.Headers[0].Value), "attempts": fmt.Sprint(x.Attempts), "laps": fmt.Sprint(x.Laps), "first_letter_id": x.FirstLetterID.V.String(),
				"event_id": x.DeadEventID.V.String(), "event_type": x.DeadEventType, "thread": x.Thread, "occurred_at IS NULL": "1", "amount_total IS NULL": "1"}
		}},
		{"intake", "admission.outcome", func(e schemas.Event) map[string]string {
			x := e.(*schemas.AdmissionOutcome)
			return map[string]string{"event_id": x.SubjectEventID.V.String(), "event_type": x.SubjectEventType, "thread": x.Thread, "topic": x.Topic, "offset": fmt.Sprint(x.Offset)}
		}},
	} {
		e := schemas.Example(c.event)
		put(t, conn, c.table, e)
		for expression, want := range c.cells(e) {
			from := strings.Replace(c.table, "intake", "intake_log", 1) // the view accounts for the other examples' intake records too
			if got := text1(t, conn, expression+" FROM "+from+" LIMIT 1"); got != want {
				t.Errorf("%s: %s = %q, want %q", c.table, expression, got, want)
			}
		}
	}
}

// An exception is open until an operator resolves it, and open again once the condition is raised anew.
func TestExceptionsEnd(t *testing.T) {
	_, conn := migrated(t)
	x := exampleOf[*schemas.ExceptionRaised]("exception.raised", 1, "SO-1")
	put(t, conn, "exceptions", x)
	status := "concat(status, ' ', resolved_by, ' ', resolved_why, ' ', toString(isNull(resolved_at))) FROM exceptions"
	if got := text1(t, conn, status); got != "open   1" {
		t.Errorf("raised: %q", got)
	}
	topic, _ := schemas.Route(x)
	resolve := func(offset int64, who string) {
		a := exampleOf[*schemas.OperatorAction]("operator.action", int(offset), "SO-1")
		a.Action, a.Who, a.Why, a.LetterID, a.Topic, a.Partition, a.Offset = schemas.ActionKindRESOLVE, who, "dealt with", schemas.Some(x.Meta.EventID), topic, schemas.Some(int32(0)), schemas.Some(offset)
		put(t, conn, "operator_actions", a)
	}
	resolve(0, "anna")
	if got := text1(t, conn, status); got != "resolved anna dealt with 0" {
		t.Errorf("resolved: %q", got)
	}
	put(t, conn, "exceptions", exampleOf[*schemas.ExceptionRaised]("exception.raised", 2, "SO-2"), x) // raised again, at offset 1
	if got := text1(t, conn, status+" WHERE exception_id = '"+x.Meta.EventID.String()+"'"); got != "open   1" {
		t.Errorf("raised again: %q", got)
	}
	resolve(1, "ben")
	if got := text1(t, conn, status+" WHERE exception_id = '"+x.Meta.EventID.String()+"'"); got != "resolved ben dealt with 0" {
		t.Errorf("resolved again: %q", got)
	}
	if n := text1(t, conn, "toString(count()) FROM operator_actions WHERE action = 'RESOLVE'"); n != "2" {
		t.Errorf("%s resolutions", n)
	}
}

// What a letter holds of a readable event are the columns of events.
func TestLettersHaveTheColumnsOfEvents(t *testing.T) {
	_, conn := migrated(t)
	e := exampleOf[*schemas.InvoiceIssued]("invoice.issued", 1, "SO-1")
	put(t, conn, "events", e)
	put(t, conn, "dead_letters", letterOf(e, "finance", "billing", 0))
	for _, c := range headerColumns(asIs) {
		if same := text1(t, conn, "(SELECT toString("+c.Name+") FROM events) IS NOT DISTINCT FROM (SELECT toString("+c.Name+") FROM dead_letters)"); same != "1" && same != "true" {
			t.Errorf("%s differs", c.Name)
		}
	}
}

// Every event of the catalog that is a fact has a row in events, and the order that its thread names.
func TestEveryFactHasARow(t *testing.T) {
	b, err := NewBlock(eventColumns())
	if err != nil {
		t.Fatal(err)
	}
	codec := schemas.NewCodec(nil, schemas.OfflineIDs())
	for _, entry := range schemas.Catalog {
		if entry.Kind != schemas.Fact {
			continue
		}
		r, err := codec.RecordTo(schemas.Example(entry.Type), "orders", nil)
		if err != nil {
			t.Fatal(err)
		}
		d, err := codec.Deliver(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Take(func(b *Block) error { return eventRows(expectsByType)(t.Context(), d, b) }); err != nil {
			t.Errorf("%s: %v", entry.Type, err)
		}
		docs, order := documents(nil, d.Event), orderOf(schemas.Thread(d.Event))
		if order != "" && order != find(docs, "order_id") {
			t.Errorf("%s: thread %q is taken for an order; its kind is missing in threadKinds", entry.Type, order)
		}
	}
	if body, err := io.ReadAll(b.Body()); err != nil || len(body) < b.Size() {
		t.Errorf("the body has %d bytes of %d: %v", len(body), b.Size(), err)
	}
}

// A record that fails half-way leaves no trace in its block.
func TestBlockRollsBack(t *testing.T) {
	b, err := NewBlock([]Column{{"a", chText}, {"b", nullable(chMoney)}, {"c", array(chInt32)}, {"d", chMap}})
	if err != nil {
		t.Fatal(err)
	}
	row := func(amount string) func(*Block) error {
		return func(b *Block) error {
			b.Str(strings.Repeat("x", 200))
			b.Decimal(schemas.MustDecimal(amount))
			b.Int32(1)
			b.Int32(2)
			b.End()
			b.Pairs([]schemas.StringPair{{Key: "k", Value: "v"}})
			b.Row(2)
			return nil
		}
	}
	if err := b.Take(row("1.5")); err != nil {
		t.Fatal(err)
	}
	before, _ := io.ReadAll(b.Body())
	for name, write := range map[string]func(*Block) error{
		"a decimal that does not fit": row("0.00001"),
		"an error after some cells":   func(b *Block) error { b.Str("half"); b.Null(); return io.EOF },
		"a row that does not end":     func(b *Block) error { b.Str("half"); return nil },
		"a row of too few cells":      func(b *Block) error { b.Str("half"); b.Row(1); return nil },
	} {
		if err := b.Take(write); err == nil {
			t.Errorf("%s is taken", name)
		}
		if after, _ := io.ReadAll(b.Body()); string(after) != string(before) || b.Rows() != 1 || b.Lines() != 2 {
			t.Errorf("%s leaves something behind", name)
		}
	}
	if err := b.Take(row("2.5")); err != nil || b.Rows() != 2 {
		t.Errorf("the next record: %v", err)
	}
	if _, err := NewBlock([]Column{{"a", "Float64"}}); err == nil {
		t.Error("a float is taken: money would end in it")
	}
}

func deltaCells(e schemas.Event) map[string]string {
	x := e.(*schemas.StockDelta)
	l := x.Lines[0]
	return map[string]string{"delta_id": x.Meta.EventID.String(), "location": x.Location, "shard": fmt.Sprint(x.Shard), "sku": l.SKU, "bucket": string(l.Bucket),
		"toDecimalString(qty, 6)": l.Qty.String(), "base_uom": l.BaseUOM, "due_date": l.DueDate.V.String(), "document": l.Document}
}

func stockCells(e schemas.Event) map[string]string {
	x := e.(*schemas.StockPosition)
	return map[string]string{"sku": x.SKU, "location": x.Location, "toDecimalString(on_hand, 6)": x.OnHand.String(), "toDecimalString(atp, 6)": x.ATP.String(), "deltas": fmt.Sprint(x.Deltas),
		"toDecimalString(inbound_returns, 6)": x.InboundReturns.V.String()}
}

func snapshotCells(e schemas.Event) map[string]string {
	x := e.(*schemas.InventorySnapshotTaken)
	l := x.Lines[0]
	return map[string]string{"event_id": x.Meta.EventID.String(), "snapshot_id": x.SnapshotID, "source_system": x.Meta.Source.System, "legal_entity": x.Meta.LegalEntity,
		"toUnixTimestamp64Micro(as_of)": fmt.Sprint(int64(x.AsOf)), "source_sequence": fmt.Sprint(x.SourceSequence.V), "line_id": l.LineID, "sku": l.Stock.SKU, "location": l.Stock.Location,
		"base_uom": l.BaseUOM, "toDecimalString(on_hand, 6)": l.OnHand.String(), "toDecimalString(unavailable, 6)": l.Unavailable.V.String(), "toDecimalString(reserved, 6)": l.Reserved.V.String()}
}

func movedLineCells(e schemas.Event) map[string]string {
	x := e.(*schemas.ShipmentShipped)
	l := x.Lines[0]
	return map[string]string{"event_id": x.Meta.EventID.String(), "event_type": "shipment.shipped", "original_type": "", "legal_entity": x.Meta.LegalEntity, "order_id": x.OrderID,
		"thread_sequence": fmt.Sprint(x.Meta.ThreadSequence.V), "toUnixTimestamp64Micro(occurred_at)": fmt.Sprint(int64(x.Meta.OccurredAt)),
		"toUnixTimestamp64Micro(admitted_at)": fmt.Sprint(int64(x.Meta.AdmittedAt.V)), "effective_date": x.Meta.EffectiveDate.V.String(), "period": x.Meta.Period,
		"order_line_id": l.OrderLineID, "sku": l.Stock.SKU, "base_uom": l.Quantity.BaseUOM, "toDecimalString(shipped, 6)": l.Quantity.BaseQty.String(),
		"toDecimalString(demanded, 6)": l.ReservedConsumed.V.Add(l.DemandConsumed.V).Neg().String(), "ordered": "0", "invoiced": "0", "topic": "fulfillment"}
}
