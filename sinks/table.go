package sinks

import (
	"context"

	"github.com/throughline/throughline/schemas"
)

// Table is one table and how it is filled.
type Table struct {
	Name     string     // of the view that people read; rows go to its base table, Into
	Topics   []string   // loaded
	Upstream []Upstream // the groups that write Topics: how far they had come is noted in table progress
	Columns  []Column   // of the base table, in the order of the cells that Rows writes

	// Rows adds the rows of one delivery to b. It is a function of the delivery alone. An error that is schemas.ErrPoison makes the record a
	// dead letter, schemas.ErrRegistryUnavailable is waited out.
	Rows func(ctx context.Context, d schemas.Delivery, b *Block) error
}

// Upstream is a consumer group that writes what a table loads, and the topics that it reads.
type Upstream struct {
	Role   string
	Topics []string
}

// Into is the base table.
func (t Table) Into() string { return t.Name + "_log" }

// Group is the consumer group that loads the table.
func (t Table) Group() string { return schemas.Group("sink-" + t.Name) }

// Expects says whether a journal entry and a stock delta must follow from an event. It is pure; compose hands in the processors' own.
type Expects func(schemas.Event) (entry, delta bool)

// Tables are all tables: one line each. codec reads the events inside dead letters.
func Tables(codec *schemas.Codec, expects Expects) []Table {
	canonical, intake := schemas.CanonicalTopics(), append(schemas.IntakeTopics(), schemas.RedriveIntake)
	admission := Upstream{"admission", []string{schemas.TopicThreads}}
	finance, deltas := Upstream{"finance", canonical}, Upstream{"atp-deltas", canonical}
	positions := Upstream{"atp", []string{schemas.TopicDeltas}}
	received := Upstream{"intake", intake}
	return []Table{
		{"events", canonical, []Upstream{admission}, eventColumns(), eventRows(expects)},
		{"journal_lines", []string{schemas.TopicJournal}, []Upstream{finance}, journalColumns(), journalRows},
		{"stock_deltas", []string{schemas.TopicDeltas}, []Upstream{deltas}, deltaColumns(), deltaRows},
		{"stock_positions", []string{schemas.TopicPositions}, []Upstream{positions}, positionColumns(), positionRows},
		{"stock_snapshots", []string{"inventory"}, []Upstream{admission}, snapshotColumns(), snapshotRows},
		{"order_lines", []string{"orders", "inventory", "fulfillment", "billing", "returns"}, []Upstream{admission}, orderLineColumns(), orderLineRows},
		{"dead_letters", []string{schemas.TopicLetters}, []Upstream{received, admission, finance, deltas, positions}, letterColumns(), letterRows(codec)},
		{"exceptions", []string{schemas.TopicExceptions}, []Upstream{received, admission}, exceptionColumns(), exceptionRows},
		{"operator_actions", []string{schemas.TopicActions}, nil, actionColumns(), actionRows},
		{"holds", []string{schemas.TopicOutcomes}, []Upstream{admission}, holdColumns(), holdRows},
		{"intake", []string{schemas.TopicOutcomes}, []Upstream{received, admission}, intakeColumns(), intakeRows},
	}
}

// The types that columns share.
const (
	chText   = "String"
	chUUID   = "UUID"
	chTime   = "DateTime64(6, 'UTC')"
	chDate   = "Date32"
	chBool   = "Bool"
	chInt32  = "Int32"
	chInt64  = "Int64"
	chUInt64 = "UInt64"
	chMap    = "Map(String, String)"
	chMoney  = "Decimal(38, 4)"
	chQty    = "Decimal(38, 6)"
	chRate   = "Decimal(38, 10)"
)

func nullable(t string) string { return "Nullable(" + t + ")" }
func array(t string) string    { return "Array(" + t + ")" }

// ofType is the event of a delivery as the only type that a table loads; anything else in its topic is poison.
func ofType[E schemas.Event](d schemas.Delivery) (E, error) {
	e, ok := d.Event.(E)
	if !ok {
		return e, &schemas.PoisonError{Class: schemas.DeadLetterClassUNDECODABLE, Reason: d.Event.EventType() + " on " + d.Topic + ", which holds no such events"}
	}
	return e, nil
}
