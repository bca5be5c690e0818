package finance

import (
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// parseCharges reads chart/<version>.charges.csv: the role of each charge code of a CHARGE line (domain.md §2.3, invoice.issued). It gives the codes by which
// rules know the roles. Roles that nobody knows, codes that stand twice, and roles whose legs need a key, which a charge has not, are errors.
func parseCharges(version, text string) (map[string]string, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comment, r.FieldsPerRecord = '#', 2
	records, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("charges of chart %s: %w", version, err)
	}
	charges := map[string]string{}
	for i, f := range records {
		if i == 0 && f[0] == "charge_code" {
			continue
		}
		a, known := accountOf(f[1])
		_, twice := charges[f[0]]
		switch {
		case f[0] == "":
			return nil, fmt.Errorf("charges of chart %s: a line for role %s has no charge code", version, f[1])
		case !known:
			return nil, fmt.Errorf("charges of chart %s, code %s: %s is no role of the chart", version, f[0], f[1])
		case a.Key != "":
			return nil, fmt.Errorf("charges of chart %s, code %s: legs of %s need a key (%s), which a charge has not: name a role without one", version, f[0], a.Role, a.Key)
		case twice:
			return nil, fmt.Errorf("charges of chart %s: two lines for code %s", version, f[0])
		}
		charges[f[0]] = a.Code
	}
	return charges, nil
}

// charge books a CHARGE line to the account of its code: 4xxx per line, others once per document. A code without a line is a dead letter of class
// UNMAPPED_ACCOUNT, never suspense: nothing has moved yet, and a mapping cures it (S45).
func (d *draft) charge(i int, code string, amount schemas.Decimal, it *item) error {
	account, ok := d.chart.charges[code]
	switch {
	case !ok:
		return &schemas.PoisonError{Class: schemas.DeadLetterClassUNMAPPED_ACCOUNT, Reason: inLine(i, "charge_code") + d.chart.lacksCharge()}
	case account[0] == '4':
		d.money(account, "", amount, it)
	default:
		d.gather(account, "", "", amount)
	}
	return nil
}

// mostLines is how many lines of the charges a reason quotes: enough to see how they are written.
const mostLines = 12

// lacksCharge says what the chart knows and which line to add. The line is a template: reasons name fields, never values.
func (m *mapping) lacksCharge() string {
	var lines []string
	for _, code := range slices.Sorted(maps.Keys(m.charges)) {
		lines = append(lines, code+","+roles()[m.charges[code]])
	}
	if len(lines) > mostLines {
		lines = append(lines[:mostLines], "…")
	}
	return " has no role in chart/" + m.version + ".charges.csv, which has the lines " + strings.Join(lines, " ") + ": add the line <charge_code>,<role>" + thenRebook
}

// thenRebook is how a mapping that was missing cures an event: it is stamped with the rule set that lacks it, so that a redrive alone would derive the same.
const thenRebook = " in a new version, name it in a new rule set, announce that, and `throughline dlq rebook` the letter under it"
