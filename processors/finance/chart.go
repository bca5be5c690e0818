package finance

import (
	"cmp"
	"embed"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/throughline/throughline/schemas"
)

// chart/<version>.csv are all versions of the chart of accounts that were ever in force. Each line gives the account of a role for a legal entity, a
// channel and a tax jurisdiction ("*": any) from a date on (none: always). A line that names the entity goes before one that does not, then one that names
// the channel, then one that names the jurisdiction; of equals the latest that has begun. chart/<version>.charges.csv beside it are the charge codes. A version is never edited: new files, named by a new RuleSet.
//
//go:embed chart/*.csv
var chartFiles embed.FS

// mapping is one version of the chart.
type mapping struct {
	version string
	lines   map[string][]mappingLine // by role; what goes before comes first
	same    bool                     // every role stands under its own code for everybody: nothing to look up
	charges map[string]string        // by charge code: the code by which rules know its role
}

type mappingLine struct {
	entity, channel, jurisdiction string // "" = any
	from                          schemas.Date
	account, name                 string
}

// charts are all versions, by name. A file that does not parse is an error of whoever built the binary, and a test's to find.
var charts = sync.OnceValues(func() (map[string]*mapping, error) {
	files, err := chartFiles.ReadDir("chart")
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, f := range files {
		text, err := chartFiles.ReadFile("chart/" + f.Name())
		if err != nil {
			return nil, err
		}
		texts[strings.TrimSuffix(f.Name(), ".csv")] = string(text)
	}
	return parseCharts(texts)
})

// parseCharts reads versions, each a chart and its charges, "<version>" and "<version>.charges". Journal lines of all versions stand in one table, so an
// account keeps its meaning from one version to the next.
func parseCharts(texts map[string]string) (map[string]*mapping, error) {
	all, held := map[string]*mapping{}, meanings{}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		version, charges := strings.CutSuffix(name, ".charges")
		if charges {
			if _, ok := texts[version]; !ok {
				return nil, fmt.Errorf("charges of chart %s: there is no such chart; add chart/%s.csv", version, version)
			}
			continue
		}
		text, ok := texts[version+".charges"]
		if !ok {
			return nil, fmt.Errorf("chart %s has no charges: add chart/%s.charges.csv", version, version)
		}
		m, err := parseChart(version, texts[version])
		if err != nil {
			return nil, err
		}
		if m.charges, err = parseCharges(version, text); err != nil {
			return nil, err
		}
		if err := held.take(m); err != nil {
			return nil, err
		}
		all[version] = m
	}
	return all, nil
}

// parseChart reads one version. Unknown roles, lines that no other is told from, dates that are none, and accounts whose role could not be told are errors.
func parseChart(version, text string) (*mapping, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comment, r.FieldsPerRecord = '#', 7
	records, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", version, err)
	}
	m := &mapping{version: version, lines: map[string][]mappingLine{}}
	for i, f := range records {
		if i == 0 && f[0] == "role" {
			continue
		}
		if _, ok := accountOf(f[0]); !ok || f[5] == "" {
			return nil, fmt.Errorf("chart %s: %s is no role of the chart, or its line has no account", version, f[0])
		}
		l := mappingLine{entity: starless(f[1]), channel: starless(f[2]), jurisdiction: starless(f[3]), account: f[5], name: f[6]}
		if f[4] != "" {
			from, err := time.Parse(time.DateOnly, f[4])
			if err != nil {
				return nil, fmt.Errorf("chart %s, role %s: valid_from %q is no date like 2026-03-31", version, f[0], f[4])
			}
			l.from = schemas.Date(from.Unix() / 86400)
		}
		m.lines[f[0]] = append(m.lines[f[0]], l)
	}
	m.same = true
	for _, a := range Chart() {
		lines := m.lines[a.Role]
		slices.SortFunc(lines, before)
		for i := 1; i < len(lines); i++ {
			if before(lines[i-1], lines[i]) == 0 {
				return nil, fmt.Errorf("chart %s, role %s: two lines for the same case", version, a.Role)
			}
		}
		m.same = m.same && len(lines) == 1 && lines[0] == mappingLine{account: a.Code, name: lines[0].name}
	}
	return m, meanings{}.take(m)
}

// meanings are the roles of accounts, and the charts that say so. Of several roles that may share an account it holds the first.
type meanings map[string]meaning

type meaning struct {
	role  Account
	chart string
}

// take refuses a second role on an account where one of the two is told by it, whoever the legal entity and whenever.
func (s meanings) take(m *mapping) error {
	for _, a := range Chart() {
		for _, l := range m.lines[a.Role] {
			was, taken := s[l.account]
			switch {
			case !taken:
				s[l.account] = meaning{a, m.version}
			case was.role.Role != a.Role && (was.role.exclusive() || a.exclusive()):
				return fmt.Errorf("chart %s puts role %s on account %s, where chart %s has role %s: open items are told by their account, so give %s another one in chart %s",
					m.version, a.Role, l.account, was.chart, was.role.Role, a.Role, m.version)
			}
		}
	}
	return nil
}

func starless(field string) string {
	if field == "*" {
		return ""
	}
	return field
}

// before orders the lines of a role as they go before one another. What has no date has begun before all that have.
func before(a, b mappingLine) int {
	specific := func(x, y string) int { // the named one first, then by name, so that equals are neighbours
		if (x == "") != (y == "") {
			return cmp.Compare(y, x)
		}
		return cmp.Compare(x, y)
	}
	return cmp.Or(specific(a.entity, b.entity), specific(a.channel, b.channel), specific(a.jurisdiction, b.jurisdiction), cmp.Compare(b.from, a.from))
}

// account is where a role stands in a case.
func (m *mapping) account(role, entity, channel, jurisdiction string, on schemas.Date) (string, bool) {
	for _, l := range m.lines[role] {
		if (l.entity == "" || l.entity == entity) && (l.channel == "" || l.channel == channel) &&
			(l.jurisdiction == "" || l.jurisdiction == jurisdiction) && l.from <= on {
			return l.account, true
		}
	}
	return "", false
}

// Accounts is every account that any version of the chart maps a role to, with the role's key, owner and meaning, sorted by code: what an entry's account
// may be. For one version that maps each role to its own code it is Chart(). An account has the name that the newest version gives it, there that of its most
// general line; of roles that share one, the first in Chart() counts.
func Accounts() ([]Account, error) {
	all, err := charts()
	if err != nil {
		return nil, err
	}
	return accountsOf(all), nil
}

func accountsOf(all map[string]*mapping) []Account {
	var accounts []Account
	versions := slices.Sorted(maps.Keys(all))
	slices.Reverse(versions)
	for _, version := range versions {
		for _, a := range Chart() {
			for _, l := range slices.Backward(all[version].lines[a.Role]) {
				of := a
				of.Code, of.Name = l.account, cmp.Or(l.name, a.Name)
				accounts = append(accounts, of)
			}
		}
	}
	accounts = append(accounts, Chart()...) // an entry may stand there without a line: see RuleSet.Audit
	slices.SortStableFunc(accounts, func(a, b Account) int { return cmp.Compare(a.Code, b.Code) })
	return slices.CompactFunc(accounts, func(a, b Account) bool { return a.Code == b.Code })
}

// CodesOf gives the accounts that any version of the chart maps roles to, for any legal entity, sorted.
func CodesOf(roles ...string) ([]string, error) {
	accounts, err := Accounts()
	if err != nil {
		return nil, err
	}
	var codes []string
	for _, a := range accounts {
		if slices.Contains(roles, a.Role) {
			codes = append(codes, a.Code)
		}
	}
	return codes, nil
}
