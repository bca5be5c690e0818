package closing

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/schemas"
)

func someManifest(t *testing.T) Manifest {
	t.Helper()
	b := newBooks("ACME", "2026-03", []string{"1150", "2100"})
	b.ranges[schemas.Position{Topic: "orders", Partition: 1}] = &Range{Topic: "orders", Partition: 1, To: 7}
	b.balances[Balance{Account: "1100"}] = &Balance{Account: "1100", Currency: "USD", Amount: schemas.MustDecimal("10.0000"), Functional: "USD", AmountFn: schemas.MustDecimal("10.0000")}
	b.open[Control{Account: "1150", Key: "line:SO-1/1"}] = schemas.MustDecimal("3.0000")
	b.rules["invoice.issued@1"] = 2
	m := b.manifest()
	if err := m.seal(); err != nil {
		t.Fatal(err)
	}
	return m
}

// A manifest is read as it was written, and an edited one is refused.
func TestManifestIsSealed(t *testing.T) {
	m := someManifest(t)
	text, err := m.JSON()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseManifest(text)
	if err != nil || back.Hash != m.Hash || len(compare(m, back)) != 0 || back.until()["orders"][1] != 7 {
		t.Errorf("read back: %+v, %v", back, err)
	}
	for _, edited := range []string{strings.Replace(string(text), "10.0000", "10.0001", 1), strings.Replace(string(text), `"version": 1`, `"version": 2`, 1), "{}", "no JSON"} {
		if _, err := ParseManifest([]byte(edited)); !errors.Is(err, ErrManifest) {
			t.Errorf("edited: %v", err)
		}
	}
}

// A manifest that was written before it named the accounts of its open items is read, has the hash that it states, and is about the two that there were.
func TestManifestOfBefore(t *testing.T) {
	text, err := os.ReadFile("testdata/manifest_without_control_accounts.json")
	if err != nil {
		t.Fatal(err)
	}
	was, err := ParseManifest(text)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := was.JSON(); err != nil || string(back) != string(text) {
		t.Errorf("it is written as\n%s, %v", back, err)
	}
	if got := was.controls(); !slices.Equal(got, []string{"1150", "2100"}) {
		t.Errorf("it lists what is open on %v", got)
	}
	if differs := compare(was, someManifest(t)); len(differs) != 0 {
		t.Errorf("the same books differ: %+v", differs)
	}
}

// Open items are those of the accounts that the manifest names, each by its own code; what returned to zero and what is of no such account is none.
func TestOpenItemsOfOtherAccounts(t *testing.T) {
	for _, c := range []struct {
		controls []string
		want     string
	}{
		{[]string{"1150", "13500", "2100"}, "1150 line:SO-2/1 7; 13500 line:SO-1/1 3.5; 2100 order:SO-3 -4"},
		{[]string{"1150", "2100"}, "1150 line:SO-2/1 7; 2100 order:SO-3 -4"},
	} {
		b := newBooks("ACME", "2026-03", c.controls)
		for _, l := range [][3]string{{"13500", "line:SO-1/1", "10"}, {"13500", "line:SO-1/1", "-6.5"}, {"1150", "line:SO-2/1", "7"}, {"2100", "order:SO-3", "-4"}, {"13500", "line:SO-4/1", "2"},
			{"13500", "line:SO-4/1", "-2"}, {"4000", "", "-11.5"}} {
			b.carry(&schemas.JournalEntry{Lines: []schemas.JournalLine{{Account: l[0], ControlKey: l[1], AmountFn: schemas.MustDecimal(l[2])}}})
		}
		var got []string
		m := b.manifest()
		for _, o := range m.Controls {
			got = append(got, o.Account+" "+o.Key+" "+o.Amount.Text())
		}
		if text := strings.Join(got, "; "); text != c.want || !slices.Equal(m.ControlAccounts, c.controls) {
			t.Errorf("on %v: %s, want %s", m.ControlAccounts, text, c.want)
		}
	}
}

// A close looks at every account that a chart gives the two roles.
func TestControlsGoByRole(t *testing.T) {
	got, err := controls()
	if err != nil {
		t.Fatal(err)
	}
	all, err := finance.Accounts()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if want := a.Role == "SHIPPED_NOT_INVOICED" || a.Role == "CUSTOMER_DEPOSITS"; slices.Contains(got, a.Code) != want {
			t.Errorf("account %s of role %s among %v", a.Code, a.Role, got)
		}
	}
	if len(got) < 2 {
		t.Errorf("only %v", got)
	}
}

// Every line that differs is told with both values.
func TestCompareNamesLines(t *testing.T) {
	was, is := someManifest(t), someManifest(t)
	is.Entries = 3
	is.Balances[0].AmountFn = schemas.MustDecimal("11.0000")
	is.Controls = nil
	is.Rules = append(is.Rules, Count{"invoice.issued@2", 1})
	var told []string
	for _, d := range compare(was, is) {
		told = append(told, d.What+": "+d.Closed+" -> "+d.Now)
	}
	want := "number of entries: 0 -> 3; balance of 1100 in USD: 10 USD, 10 USD -> 10 USD, 11 USD; open item 1150 line:SO-1/1: 3 -> ; rule invoice.issued@2:  -> 1"
	if got := strings.Join(told, "; "); got != want {
		t.Errorf("told\n%s, want\n%s", got, want)
	}
}

// An entry that stands twice is named at both places, and changes the hash.
func TestDoubledEntriesAreNamed(t *testing.T) {
	b := newBooks("ACME", "2026-03", []string{"1150", "2100"})
	at := func(offset int64) schemas.Position {
		return schemas.Position{Topic: schemas.TopicJournal, Offset: offset}
	}
	b.entries = []standing{{id: schemas.NamedID("b"), at: at(1)}, {id: schemas.NamedID("a"), at: at(2)}}
	once := b.hash()
	if len(b.doubled()) != 0 {
		t.Errorf("two entries are doubled: %+v", b.doubled())
	}
	b.entries = append(b.entries, standing{id: schemas.NamedID("b"), at: at(9)})
	if b.hash() == once {
		t.Error("a doubled entry has no part in the hash")
	}
	if f := b.doubled(); len(f) != 1 || f[0].Position != at(9).String() || !strings.Contains(f[0].Detail, at(1).String()) {
		t.Errorf("doubled: %+v", f)
	}
}
