package sinks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// relation is a table or view as its DDL describes it.
type relation struct {
	name, comment string
	view          bool
	columns       []described
}

type described struct{ name, typ, comment string }

var (
	createPattern = regexp.MustCompile(`(?m)^CREATE (?:TABLE IF NOT EXISTS|OR REPLACE (VIEW)) (\w+)`)
	columnPattern = regexp.MustCompile(`(?m)^ {4}(\w+) (.+?) COMMENT '((?:[^'\\]|\\.)*)',?$`)
	addPattern    = regexp.MustCompile(`(?m)^ALTER TABLE (\w+) ADD COLUMN IF NOT EXISTS (\w+) (.+?) COMMENT '((?:[^'\\]|\\.)*)' AFTER (\w+)$`)
	tablePattern  = regexp.MustCompile(`(?m)^COMMENT '((?:[^'\\]|\\.)*)'`)
)

// relations reads the migrations in order; a later definition of a name replaces an earlier one.
func relations() ([]relation, error) {
	all, err := migrations()
	if err != nil {
		return nil, err
	}
	var list []relation
	at := map[string]int{}
	for _, m := range all {
		for _, s := range m.statements {
			if c := addPattern.FindStringSubmatch(s); c != nil {
				list[at[c[1]]].add(c[5], described{c[2], withoutDefault(c[3]), unquote(c[4])})
				continue
			}
			r, ok := describe(s)
			if !ok {
				continue
			}
			if i, again := at[r.name]; again {
				list[i] = r
				continue
			}
			at[r.name] = len(list)
			list = append(list, r)
		}
	}
	return list, nil
}

func describe(statement string) (relation, bool) {
	create := createPattern.FindStringSubmatch(statement)
	if create == nil {
		return relation{}, false
	}
	r := relation{name: create[2], view: create[1] != ""}
	if c := tablePattern.FindStringSubmatch(statement); c != nil {
		r.comment = unquote(c[1])
	}
	for _, c := range columnPattern.FindAllStringSubmatch(statement, -1) {
		r.columns = append(r.columns, described{c[1], withoutDefault(c[2]), unquote(c[3])})
	}
	return r, true
}

func withoutDefault(typ string) string {
	typ, _, _ = strings.Cut(typ, " DEFAULT ")
	return typ
}

// add puts a column behind another, as a later migration may.
func (r *relation) add(after string, d described) {
	i := slices.IndexFunc(r.columns, func(c described) bool { return c.name == after })
	r.columns = slices.Insert(r.columns, i+1, d)
}

func unquote(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, `\'`, "'"), `\\`, `\`) }

// Dictionary is the data dictionary, in Markdown, as the comments of the DDL say it. DICTIONARY.md is this text.
func Dictionary() (string, error) {
	list, err := relations()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("# Data dictionary\n\nDatabase `throughline` in ClickHouse. Read the views; base tables (`…_log`) hold what was loaded, doubles included.\n" +
		"Written by `go test ./sinks -run TestDictionary -update` from the comments in `sinks/migrations/`.\n")
	for _, views := range []bool{true, false} {
		if views {
			b.WriteString("\n## Views\n")
		} else {
			b.WriteString("\n## Base tables\n")
		}
		for _, r := range list {
			if r.view != views {
				continue
			}
			fmt.Fprintf(&b, "\n### %s\n\n%s\n", r.name, r.comment)
			if len(r.columns) > 0 { // a view with parameters has none until it is called
				b.WriteString("\n| column | type | meaning |\n|---|---|---|\n")
			}
			for _, c := range r.columns {
				fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", c.name, c.typ, strings.ReplaceAll(c.comment, "|", `\|`))
			}
		}
	}
	return b.String(), nil
}
