package export

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// Summary adds legs up by account and dimensions: one entry a period, for a general ledger that wants totals. It rounds to the functional currency's exponent, per
// account, so that the rows of an account sum to its rounded total; what that leaves goes to Rounding (domain.md §2.5, rule 4). The journal itself never learns of it.
//
// The control key of a row is its drill-down key: the account and the dimensions that the row stands for. DrillDown, where it is set, gets a CSV with a row for
// each leg: the drill-down key, the entry id, the line and the exact amount.
type Summary struct {
	By        []string // what is a row apart from its account: tax_jurisdiction, location, sku, control_key, or a dimension of the entry such as channel or order_id
	DrillDown io.Writer
	Rounding  string // account that takes what rounding leaves; empty: 7900
}

// month is what one period's entry is made of.
type month struct {
	header schemas.JournalEntry
	rows   map[string]*schemas.JournalLine
}

// Entries reads all of the detail, then gives the summary, period by period.
func (s Summary) Entries(detail Entries) Entries {
	return func(yield func(*schemas.JournalEntry, error) bool) {
		months, err := s.add(detail)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(months)) {
			e, err := months[key].entry(cmp.Or(s.Rounding, "7900"))
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func (s Summary) add(detail Entries) (map[string]*month, error) {
	months := map[string]*month{}
	var legs *csv.Writer
	if s.DrillDown != nil {
		legs = csv.NewWriter(s.DrillDown)
		_ = legs.Write([]string{"period", "drill_down_key", "entry_id", "line_no", "amount_fn", "functional_currency"}) // Error tells
	}
	for e, err := range detail {
		if err != nil {
			return nil, err
		}
		if err := balanced(e); err != nil {
			return nil, err
		}
		m := months[e.Meta.Period+" "+e.FunctionalCurrency]
		if m == nil {
			m = s.month(e)
			months[e.Meta.Period+" "+e.FunctionalCurrency] = m
		}
		for i := range e.Lines {
			l := &e.Lines[i]
			row := s.row(m, e, l)
			row.AmountFn = row.AmountFn.Add(l.AmountFn)
			if legs != nil {
				_ = legs.Write([]string{e.Meta.Period, row.ControlKey, e.Meta.EventID.String(), strconv.Itoa(int(l.LineNo)), amount(l.AmountFn), e.FunctionalCurrency})
			}
		}
	}
	if legs == nil {
		return months, nil
	}
	legs.Flush()
	if err := legs.Error(); err != nil {
		return nil, fmt.Errorf("writing the drill-down: %w", err)
	}
	return months, nil
}

func (s Summary) month(e *schemas.JournalEntry) *month {
	by := strings.Join(s.By, ",")
	return &month{rows: map[string]*schemas.JournalLine{}, header: schemas.JournalEntry{CauseType: "journal.summary", RuleID: "SUMMARY", RuleVersion: 1, Ledger: e.Ledger,
		FunctionalCurrency: e.FunctionalCurrency,
		Meta: schemas.Meta{EventID: schemas.NamedID("summary", e.Meta.LegalEntity, e.Meta.Period, e.FunctionalCurrency, by), LegalEntity: e.Meta.LegalEntity,
			Period: e.Meta.Period, EffectiveDate: schemas.Some(lastDay(e.Meta.Period, e.Meta.EffectiveDate.V)), CorrelationID: e.Meta.Period}}}
}

// lastDay is the last day of a month; of what is no month, the date itself.
func lastDay(period string, date schemas.Date) schemas.Date {
	var first schemas.Date
	if first.UnmarshalText([]byte(period+"-01")) != nil {
		return date
	}
	return schemas.DateOf(first.Time().AddDate(0, 1, -1))
}

var keyEscapes = strings.NewReplacer("%", "%25", "|", "%7C")

// row is where a leg counts.
func (s Summary) row(m *month, e *schemas.JournalEntry, l *schemas.JournalLine) *schemas.JournalLine {
	made := schemas.JournalLine{Account: l.Account, Currency: e.FunctionalCurrency}
	key := keyEscapes.Replace(l.Account)
	for _, dimension := range s.By {
		var value string
		switch dimension {
		case "tax_jurisdiction":
			value, made.TaxJurisdiction = l.TaxJurisdiction, l.TaxJurisdiction
		case "location":
			value, made.Location = l.Location, l.Location
		case "sku":
			value, made.SKU = l.SKU, l.SKU
		case "control_key":
			value = l.ControlKey
		default:
			value = e.Dimensions.Get(dimension)
		}
		if value != "" {
			key += "|" + dimension + "=" + keyEscapes.Replace(value)
		}
	}
	if row, ok := m.rows[key]; ok {
		return row
	}
	made.ControlKey = key
	m.rows[key] = &made
	return &made
}

// entry rounds. Row after row of an account takes what the rounded running total has grown by, so that no row is further than one unit from the truth and the account
// is right.
func (m *month) entry(rounding string) (*schemas.JournalEntry, error) {
	e := m.header
	exponent, err := schemas.CurrencyExponent(e.FunctionalCurrency)
	if err != nil {
		return nil, fmt.Errorf("summarizing %s: %w", e.Meta.Period, err)
	}
	byAccount := func(a, b *schemas.JournalLine) int {
		return strings.Compare(a.Account+"\x00"+a.ControlKey, b.Account+"\x00"+b.ControlKey)
	}
	var exact, given, left schemas.Decimal
	account := ""
	for _, row := range slices.SortedFunc(maps.Values(m.rows), byAccount) {
		if row.Account != account {
			account, exact, given = row.Account, schemas.Decimal{}, schemas.Decimal{}
		}
		exact = exact.Add(row.AmountFn)
		share := exact.Round(exponent, schemas.HalfUp).Sub(given)
		given, left = given.Add(share), left.Sub(share)
		if !share.IsZero() {
			row.AmountFn = share
			e.Lines = append(e.Lines, *row)
		}
	}
	if !left.IsZero() {
		e.Lines = append(e.Lines, schemas.JournalLine{Account: rounding, Currency: e.FunctionalCurrency, AmountFn: left, ControlKey: rounding + "|rounding"})
	}
	for i := range e.Lines {
		e.Lines[i].LineNo, e.Lines[i].AmountTxn = int32(i+1), e.Lines[i].AmountFn
	}
	return &e, nil
}
