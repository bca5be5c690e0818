package explain

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/throughline/throughline/schemas"
)

// derived compares the entries that stand with those that the rules give, as the codec writes them.
func (d Desk) derived(cause schemas.Event, stand []Entry) (is string, follows bool, err error) {
	out, err := d.Derive(cause)
	if err != nil {
		return "the rules of this program refuse the event: " + err.Error(), false, nil
	}
	out = slices.DeleteFunc(out, func(e schemas.Event) bool { _, ok := e.(*schemas.JournalEntry); return !ok })
	for _, want := range out {
		i := slices.IndexFunc(stand, func(e Entry) bool { return e.event.Meta.EventID == want.Header().EventID })
		if i < 0 {
			return "the rules give entry " + want.Header().EventID.String() + ", which does not stand: `throughline status` says whether it is still on its way; if not, `throughline audit`", false, nil
		}
		a, err := schemas.EventJSON(want)
		if err != nil {
			return "", false, err
		}
		b, err := schemas.EventJSON(stand[i].event)
		if err != nil {
			return "", false, err
		}
		if !bytes.Equal(a, b) {
			return "entry " + stand[i].ID + " is not what the rules give: `throughline audit`", false, nil
		}
	}
	if len(stand) > len(out) {
		return fmt.Sprintf("%d entries stand, the rules give %d: `throughline audit`", len(stand), len(out)), false, nil
	}
	if len(out) == 0 {
		return "equal: the event posts nothing, by rule", true, nil
	}
	return "equal", true, nil
}

// whereabouts is what became of an event that has no entry of its own.
type whereabouts struct {
	Kind string `ch:"kind"`
	ID   string `ch:"id"`
}

// selectWhereabouts looks for entries of what booked the event anew, and for its letter of finance: what was answered is booked, though its letter lies there still.
const selectWhereabouts = `SELECT 'booked' AS kind, toString(event_id) AS id, max(offset) AS latest FROM journal_lines_log
	WHERE ledger = 'PRIMARY' AND event_id IN (SELECT arrayJoin(arrayMap(x -> toUUID(x), {ids:Array(String)}))) GROUP BY event_id
UNION ALL SELECT if(letter_id IN (SELECT subject_id FROM operator_actions_log WHERE action = 'REDRIVE'), 'redriven', 'letter'), toString(letter_id), max(letter_offset) FROM dead_letters_log
	WHERE consumer = {group:String} AND topic = {topic:String} AND partition = {partition:Int32} AND offset = {offset:UInt64} GROUP BY letter_id`

// elsewhere says where an event stands that has no entry of its own, though the rules give one or refuse it: that is no tampering where it died, or where a
// rule.superseded has booked it since.
func (d Desk) elsewhere(ctx context.Context, at schemas.Position, x *Explanation) error {
	anew := []string{}
	for _, c := range x.Corrections {
		if c.Type == "rule.superseded" {
			anew = append(anew, c.ID)
		}
	}
	var all []whereabouts
	err := d.Conn.Select(ctx, &all, "SELECT kind, id FROM ("+selectWhereabouts+") ORDER BY kind, latest DESC", clickhouse.Named("ids", anew), clickhouse.Named("group", schemas.Group("finance")),
		clickhouse.Named("topic", at.Topic), clickhouse.Named("partition", at.Partition), clickhouse.Named("offset", at.Offset))
	if err != nil {
		return fmt.Errorf("asking ClickHouse what became of the event: %w", err)
	}
	if len(all) == 0 {
		return nil
	}
	switch w := all[0]; w.Kind {
	case "booked":
		x.Follows, x.Derivation = true, "it died at finance and was booked by rule.superseded "+w.ID+" instead: `throughline explain "+w.ID+"`"
	case "redriven":
		x.Derivation = "it died at finance, and its letter " + w.ID + " was redriven: `throughline dlq show " + w.ID + "` says whether it is under way or died again"
	default:
		x.Derivation = "it died at finance, and its letter " + w.ID + " is open: `throughline dlq show " + w.ID + "`"
	}
	return nil
}
