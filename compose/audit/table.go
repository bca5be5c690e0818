package audit

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/throughline/throughline/schemas"
)

// table is one base table and the records that it holds, field by field, as text on both sides.
type table struct {
	name    string // of the view; rows are read from its base table, so that a row that the view hides is seen too
	key     string // the column of the row's own id
	columns []column
}

// column is one field: what ClickHouse says, as an expression of type String, and what the record says.
type column struct {
	name string
	sql  string
	text func(schemas.Delivery) string
}

// tables are the tables that are compared.
func tables() []table {
	return []table{
		{"events", "event_id", append(eventColumns(), positionColumns()...)},
		{"journal_lines", "entry_id", append(journalColumns(), positionColumns()...)},
		{"stock_deltas", "delta_id", append(deltaColumns(), positionColumns()...)},
	}
}

func (t table) group() string { return schemas.Group("sink-" + t.name) }

// holds says whether records of a topic belong into the table.
func (t table) holds(topic string) bool {
	switch t.name {
	case "journal_lines":
		return topic == schemas.TopicJournal
	case "stock_deltas":
		return topic == schemas.TopicDeltas
	}
	return topic != schemas.TopicJournal && topic != schemas.TopicDeltas && topic != schemas.TopicExceptions
}

func (t table) texts(d schemas.Delivery) []string {
	texts := make([]string, len(t.columns))
	for i, c := range t.columns {
		texts[i] = c.text(d)
	}
	return texts
}

func (t table) fields() string {
	sql := make([]string, len(t.columns))
	for i, c := range t.columns {
		sql[i] = c.sql
	}
	return "[" + strings.Join(sql, ", ") + "]"
}

// tableCheck compares one table with its topics.
type tableCheck struct {
	table
	*check
	id      uint8
	altered []alteration
}

// alteration is a row that is not what its record says, to be explained field by field.
type alteration struct {
	finding int
	row     schemas.UUID
	record  schemas.Position
}

const (
	inTopic uint8 = iota
	inTable
)

// digestOf is the beginning of the SHA-256 over all fields, each with its length in front. ClickHouse computes the same over a row, so that no row has to travel.
func digestOf(texts []string) (d [16]byte) {
	h := sha256.New()
	b := make([]byte, 0, 256)
	for _, t := range texts {
		b = append(append(strconv.AppendInt(b[:0], int64(len(t)), 10), ':'), t...)
		h.Write(b)
	}
	copy(d[:], h.Sum(nil))
	return d
}

const digestSQL = "substring(SHA256(arrayStringConcat(arrayMap(x -> concat(toString(length(x)), ':', x), %s))), 1, 16)"

// readTable notes every row of the base table, those included that the view deduplicates.
func (r *run) readTable(ctx context.Context, t *tableCheck) error {
	rows, err := r.Conn.Query(ctx, "SELECT toString("+t.key+"), topic, partition, toInt64(offset), "+fmt.Sprintf(digestSQL, t.fields())+" FROM `"+t.name+"_log`")
	if err != nil {
		return fmt.Errorf("reading table %s (is ClickHouse up to date? `throughline migrate`): %w", t.name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var p schemas.Position
		var digest string
		if err := rows.Scan(&id, &p.Topic, &p.Partition, &p.Offset, &digest); err != nil {
			return fmt.Errorf("reading table %s: %w", t.name, err)
		}
		if len(digest) != sha256.Size/2 {
			return fmt.Errorf("reading table %s: ClickHouse gave a digest of %d bytes: is its SHA256 built in?", t.name, len(digest))
		}
		u, err := schemas.ParseUUID(id)
		if err != nil {
			return fmt.Errorf("reading table %s: %w", t.name, err)
		}
		if t.Records++; r.Progress != nil && t.Records%1000 == 0 {
			r.Progress("table "+t.name, t.Records)
		}
		r.tally.add(fact{check: t.id, kind: inTable, key: key(u), digest: [16]byte([]byte(digest)), at: r.tally.place(p)})
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading table %s: %w", t.name, err)
	}
	return r.tally.err
}

// topicFact notes what a row of a record must say.
func (r *run) topicFact(d schemas.Delivery) {
	for _, t := range r.tables {
		if !t.holds(d.Topic) || !t.typed(d.Event) {
			continue
		}
		f := fact{check: t.id, kind: inTopic, key: key(d.Event.Header().EventID), digest: digestOf(t.texts(d)), at: r.tally.place(d.Position)}
		if !r.horizon.passed(t.group(), d.Position) {
			f.flags |= flagPending
		}
		if r.died(t.group(), d.Position) {
			f.flags |= flagDead
		}
		r.tally.add(f)
	}
}

// typed says that the table's columns can be read from e. Anything else in its topic is a finding of the topic's own check.
func (t *tableCheck) typed(e schemas.Event) bool {
	switch t.name {
	case "journal_lines":
		_, ok := e.(*schemas.JournalEntry)
		return ok
	case "stock_deltas":
		_, ok := e.(*schemas.StockDelta)
		return ok
	}
	return true
}

// judge judges one row id: what the topic holds, and what the table does.
func (t *tableCheck) judge(r *run, c *check, group []fact) {
	n := 0
	for n < len(group) && group[n].kind == inTopic {
		n++
	}
	records, rows := group[:n], group[n:]
	id := schemas.UUID(group[0].key)
	if len(rows) == 0 {
		t.absent(r, id, records)
		return
	}
	seen := map[[16]byte]bool{}
	for _, row := range rows {
		if seen[row.digest] {
			c.RawDoubles++
			continue
		}
		seen[row.digest] = true
		t.judgeRow(r, id, row, records)
	}
}

func (t *tableCheck) absent(r *run, id schemas.UUID, records []fact) {
	for _, f := range records {
		if f.flags == 0 {
			r.find(t.check, f.at, Finding{Kind: Missing, Invariant: "I7", ID: id.String(), Lacks: true, Detail: "the sink has committed this record, and no row of it is there",
				Do: "stop sink " + t.name + ", set its group's offset back to this record, start it: rows that are there already are deduplicated"})
			return
		}
	}
	if records[0].flags&flagDead != 0 {
		t.Dead++
	} else {
		t.Pending++
	}
}

func (t *tableCheck) judgeRow(r *run, id schemas.UUID, row fact, records []fact) {
	if len(records) == 0 {
		r.find(t.check, row.at, Finding{Kind: Orphaned, Invariant: "I4", ID: id.String(), Detail: "the row names this position, and no record of its id is in the topic: it did not come through the sink",
			Do: "find out who else may write the table; delete the row: ALTER TABLE " + t.name + "_log DELETE WHERE " + t.key + " = '" + id.String() + "'"})
		return
	}
	for _, f := range records {
		if f.digest == row.digest {
			return
		}
	}
	record := records[0].at
	for _, f := range records {
		if f.at == row.at {
			record = f.at
		}
	}
	before := len(r.findings)
	r.find(t.check, record, Finding{Kind: Altered, Invariant: "I6", ID: id.String(), Detail: "the row is not what its record says",
		Do: "find out who else may write the table; delete the row, set the sink's offset back to this record: it is written anew"})
	if len(r.findings) > before && len(t.altered) < explained {
		t.altered = append(t.altered, alteration{before, id, r.tally.position(record)})
	}
}

// explained is how many altered rows are compared field by field, per table.
const explained = 50

// explainAltered names the fields that differ.
func (r *run) explainAltered(ctx context.Context) error {
	for _, t := range r.tables {
		for _, a := range t.altered {
			detail, err := r.differences(ctx, t, a)
			if err != nil {
				return err
			}
			if detail != "" {
				r.findings[a.finding].Detail = detail
			}
		}
	}
	return nil
}

func (r *run) differences(ctx context.Context, t *tableCheck, a alteration) (string, error) {
	d, err := schemas.ReadAt(ctx, r.Cluster, r.Codec, a.record)
	if err != nil || d.Event == nil {
		return "", err
	}
	want := t.texts(d)
	rows, err := r.Conn.Query(ctx, "SELECT "+t.fields()+" FROM `"+t.name+"_log` WHERE "+t.key+" = {id:UUID}", driver.NamedValue{Name: "id", Value: a.row.String()})
	if err != nil {
		return "", fmt.Errorf("reading row %s of %s: %w", a.row, t.name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var have []string
		if err := rows.Scan(&have); err != nil {
			return "", fmt.Errorf("reading row %s of %s: %w", a.row, t.name, err)
		}
		var all []string
		for i, c := range t.columns {
			if i < len(have) && have[i] != want[i] {
				all = append(all, fmt.Sprintf("%s is %s, the record says %s", c.name, shown(have[i]), shown(want[i])))
			}
		}
		if len(all) > 0 {
			return strings.Join(all, "; "), rows.Err()
		}
	}
	return "", rows.Err()
}

func shown(text string) string {
	text = strings.ReplaceAll(text, separator, ", ")
	if len(text) > 160 {
		text = text[:160] + "…"
	}
	return fmt.Sprintf("%q", text)
}
