package sinks

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite DICTIONARY.md")

// DICTIONARY.md is what the migrations' comments say.
func TestDictionary(t *testing.T) {
	want, err := Dictionary()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("DICTIONARY.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("DICTIONARY.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("DICTIONARY.md is not what the migrations say: go test ./sinks -run TestDictionary -update")
	}
}

// The dictionary is read from the text of the DDL; this holds it against what ClickHouse made of it: same columns, same types, same comments, none
// of them empty.
func TestDictionaryIsTheDatabase(t *testing.T) {
	c, conn := migrated(t)
	list, err := relations()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), "SELECT table, name, type, comment FROM system.columns WHERE database = ? AND table != 'migrations'", c.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	there := map[string]described{}
	for rows.Next() {
		var table string
		var d described
		if err := rows.Scan(&table, &d.name, &d.typ, &d.comment); err != nil {
			t.Fatal(err)
		}
		there[table+"."+d.name] = d
	}
	said := 0
	for _, r := range list {
		if r.comment == "" {
			t.Errorf("%s has no comment", r.name)
		}
		for _, d := range r.columns {
			said++
			if got := there[r.name+"."+d.name]; got != d || d.comment == "" {
				t.Errorf("%s.%s: ClickHouse has %+v, the dictionary %+v", r.name, d.name, got, d)
			}
		}
	}
	if said != len(there) {
		t.Errorf("ClickHouse has %d columns, the dictionary %d", len(there), said)
	}
}

// Every public name that others build on is there (architecture.md §7).
func TestPublicNames(t *testing.T) {
	list, err := relations()
	if err != nil {
		t.Fatal(err)
	}
	var views []string
	for _, r := range list {
		if r.view {
			views = append(views, r.name)
		} else if !strings.HasSuffix(r.name, "_log") {
			t.Errorf("base table %s does not end in _log", r.name)
		}
	}
	want := "events journal_lines stock_deltas stock_positions dead_letters exceptions holds intake progress accounts trial_balance control_accounts atp order_trace completeness stock_plan stock_snapshots stock_drift open_item_rules control_movements reconciliation order_conservation order_lines operator_actions open_items reconciliation_at stock_alarms"
	if got := strings.Join(views, " "); got != want {
		t.Errorf("views are\n%s, want\n%s", got, want)
	}
}
