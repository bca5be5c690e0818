package closing

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/throughline/throughline/schemas"
)

// manifestVersion moves when a manifest of an older form can no longer be verified.
const manifestVersion = 1

// Manifest is what the books of one entity and period held at their close. It is a file for people, and the body of a record in finance.closes.
type Manifest struct {
	Version         int          `json:"version"`
	Entity          string       `json:"legal_entity"`
	Period          string       `json:"period"`
	Soft            bool         `json:"soft"`      // nothing was announced: the period takes postings still
	ClosedAt        schemas.Time `json:"closed_at"` // the closing instant; of a soft close the instant at which it was taken
	By              string       `json:"by"`
	Ranges          []Range      `json:"ranges"`
	RuleSets        []Count      `json:"rule_sets"` // entries of the period by the rule set stamped on them
	Rules           []Count      `json:"rules"`     // and by rule@version
	Schemas         []SchemaUse  `json:"schemas"`
	Entries         int64        `json:"entries"`
	Lines           int64        `json:"lines"`
	Balances        []Balance    `json:"trial_balance"`              // movements of the period
	Journal         string       `json:"journal_hash"`               // SHA-256 over id and hash of each entry, sorted by them; an entry's hash is that of package chain
	ControlAccounts []string     `json:"control_accounts,omitempty"` // shipped not invoiced and customer deposits, wherever a chart puts them
	Controls        []Control    `json:"controls"`                   // what stood open on them at the end of the period
	Exceptions      []Exception  `json:"exceptions"`                 // raised about the period's events, and not resolved at the close
	Chain           []Head       `json:"chain"`
	EarlierOpen     []string     `json:"earlier_open,omitempty"`   // earlier periods with postings that were open when this was written: what comes into them changes the open items above
	Unread          []Unread     `json:"unread_letters,omitempty"` // open letters of intake and admission, of which nobody can tell the period
	Accepted        []Acceptance `json:"accepted,omitempty"`       // findings that were let stand; records of the journal among them are in none of the above
	Hash            string       `json:"hash"`                     // SHA-256 over all of the above
}

// Range is the part of a partition that was read: to is exclusive.
type Range struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	From      int64  `json:"from"`
	To        int64  `json:"to"`
	Records   int64  `json:"records"` // of them, those of the entity and period
}

// Count is how often something was met.
type Count struct {
	Name    string `json:"name"`
	Entries int64  `json:"entries"`
}

// SchemaUse is a schema of the registry and how many records of the period were written with it.
type SchemaUse struct {
	EventType string `json:"event_type"`
	ID        int    `json:"schema_id"`
	Records   int64  `json:"records"`
}

// Balance is the movement of an account in one transaction currency, Dr +, scale 4.
type Balance struct {
	Account    string          `json:"account"`
	Currency   string          `json:"currency"`
	Amount     schemas.Decimal `json:"amount_txn"`
	Functional string          `json:"functional_currency"`
	AmountFn   schemas.Decimal `json:"amount_fn"`
}

// Control is an open item: functional currency, Dr +.
type Control struct {
	Account string          `json:"account"`
	Key     string          `json:"control_key"`
	Amount  schemas.Decimal `json:"amount_fn"`
}

// Exception is a condition that was raised about an event of the period.
type Exception struct {
	ID      string `json:"id"`
	Code    string `json:"code"`
	Summary string `json:"summary"`
	Owner   string `json:"owner"`
	Event   string `json:"event_id"`
}

// Head is how far the hash chain of a partition of finance.journal had come.
type Head struct {
	Partition int32  `json:"partition"`
	Link      int64  `json:"link"`
	Records   int64  `json:"records"`
	Head      string `json:"head"`
}

func (m *Manifest) seal() error {
	h, err := m.sum()
	m.Hash = h
	return err
}

func (m Manifest) sum() (string, error) {
	m.Hash = ""
	text, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("hashing the manifest: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// JSON is the manifest as it stands in its file and in finance.closes.
func (m Manifest) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	return append(text, '\n'), err
}

// ParseManifest reads what JSON wrote. The error is ErrManifest where it is none, or was edited.
func ParseManifest(text []byte) (m Manifest, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return m, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	if m.Version != manifestVersion {
		return m, fmt.Errorf("%w: it has version %d, this program reads %d", ErrManifest, m.Version, manifestVersion)
	}
	h, err := m.sum()
	if err == nil && h != m.Hash {
		err = fmt.Errorf("%w: its content does not have the hash that it states: it was edited", ErrManifest)
	}
	return m, err
}

// controls are the accounts whose open items a manifest lists. One that does not name them was written when there were these two.
func (m Manifest) controls() []string {
	if m.ControlAccounts == nil {
		return []string{"1150", "2100"}
	}
	return m.ControlAccounts
}

// until is where the ranges end.
func (m Manifest) until() map[string]map[int32]int64 {
	all := map[string]map[int32]int64{}
	for _, r := range m.Ranges {
		if all[r.Topic] == nil {
			all[r.Topic] = map[int32]int64{}
		}
		all[r.Topic][r.Partition] = r.To
	}
	return all
}

// Difference is one line of a manifest that is not what Kafka says now.
type Difference struct {
	What   string `json:"what"`
	Closed string `json:"closed"` // what the manifest says
	Now    string `json:"now"`
}

// compare goes through two manifests line by line. Who closed, when, and the hash of the whole are not compared.
func compare(closed, now Manifest) (all []Difference) {
	put := func(what, a, b string) {
		if a != b {
			all = append(all, Difference{what, a, b})
		}
	}
	put("number of entries", fmt.Sprint(closed.Entries), fmt.Sprint(now.Entries))
	put("number of lines", fmt.Sprint(closed.Lines), fmt.Sprint(now.Lines))
	put("hash of the entries", closed.Journal, now.Journal)
	for _, x := range []struct {
		what        string
		closed, now map[string]string
	}{
		{"balance of", balances(closed), balances(now)},
		{"open item", lines(closed.Controls, func(c Control) (string, string) { return c.Account + " " + c.Key, c.Amount.Text() }),
			lines(now.Controls, func(c Control) (string, string) { return c.Account + " " + c.Key, c.Amount.Text() })},
		{"rule set", counts(closed.RuleSets), counts(now.RuleSets)}, {"rule", counts(closed.Rules), counts(now.Rules)},
		{"schema of", lines(closed.Schemas, schemaLine), lines(now.Schemas, schemaLine)},
		{"records of the period in", lines(closed.Ranges, rangeLine), lines(now.Ranges, rangeLine)},
		{"exception", lines(closed.Exceptions, exceptionLine), lines(now.Exceptions, exceptionLine)},
	} {
		for _, k := range keys(x.closed, x.now) {
			put(x.what+" "+k, x.closed[k], x.now[k])
		}
	}
	return all
}

func balances(m Manifest) map[string]string {
	return lines(m.Balances, func(b Balance) (string, string) {
		return b.Account + " in " + b.Currency, b.Amount.Text() + " " + b.Currency + ", " + b.AmountFn.Text() + " " + b.Functional
	})
}

func counts(list []Count) map[string]string {
	return lines(list, func(c Count) (string, string) { return c.Name, fmt.Sprint(c.Entries) })
}

func schemaLine(s SchemaUse) (string, string) {
	return fmt.Sprintf("%s, id %d", s.EventType, s.ID), fmt.Sprint(s.Records)
}

func rangeLine(r Range) (string, string) {
	return fmt.Sprintf("%s/%d", r.Topic, r.Partition), fmt.Sprint(r.Records)
}

func exceptionLine(e Exception) (string, string) { return e.ID, e.Code + ": " + e.Summary }

func lines[T any](list []T, line func(T) (key, value string)) map[string]string {
	all := make(map[string]string, len(list))
	for _, x := range list {
		k, v := line(x)
		all[k] = v
	}
	return all
}

func keys(a, b map[string]string) (all []string) {
	for k := range a {
		all = append(all, k)
	}
	for k := range b {
		all = append(all, k)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func byName(a, b Count) int { return cmp.Compare(a.Name, b.Name) }
