package embedded

import "testing"

func TestSplitStatement(t *testing.T) {
	const clause = " «OUT» "
	for _, e := range []struct {
		sql, format string // and the statement as it is sent with its result redirected
		sent        string
	}{
		{"SELECT 1", "", "SELECT 1 «OUT» FORMAT Default"},
		{"SELECT 1;", "", "SELECT 1 «OUT» FORMAT Default"},
		{"SELECT 1 FORMAT JSON", "JSON", "SELECT 1  «OUT» FORMAT JSON"},
		{"SELECT 1 format CSV ;  ", "CSV", "SELECT 1  «OUT» format CSV "},
		{"SELECT a FROM t SETTINGS max_threads = 1 FORMAT TSV", "TSV", "SELECT a FROM t SETTINGS max_threads = 1  «OUT» FORMAT TSV"},
		{"SELECT 1 FORMAT TSV SETTINGS a = 1, b = 'x'", "TSV", "SELECT 1  «OUT» FORMAT TSV SETTINGS a = 1, b = 'x'"},
		{"SELECT format FROM t", "", "SELECT format FROM t «OUT» FORMAT Default"},
		{"SELECT 1 FROM t ORDER BY format DESC", "", "SELECT 1 FROM t ORDER BY format DESC «OUT» FORMAT Default"},
		{"SELECT * FROM (SELECT 1 AS format) FORMAT XML", "XML", "SELECT * FROM (SELECT 1 AS format)  «OUT» FORMAT XML"},
		{"SELECT 'x FORMAT JSON'", "", "SELECT 'x FORMAT JSON' «OUT» FORMAT Default"},
		{"SELECT 1 -- FORMAT JSON", "", "SELECT 1 -- FORMAT JSON «OUT» FORMAT Default"},
		{"SELECT 'it''s \\' ok' /* ' */ FORMAT TSV", "TSV", "SELECT 'it''s \\' ok' /* ' */  «OUT» FORMAT TSV"},
		{"/* c */ WITH 1 AS x SELECT x FROM t LIMIT 1 FORMAT Native", "Native", "/* c */ WITH 1 AS x SELECT x FROM t LIMIT 1  «OUT» FORMAT Native"},
		{"(SELECT 1) UNION ALL (SELECT 2) FORMAT CSV", "CSV", "(SELECT 1) UNION ALL (SELECT 2)  «OUT» FORMAT CSV"},
		{"SELECT `format` FORMAT CSV", "CSV", "SELECT `format`  «OUT» FORMAT CSV"},
		{"SELECT t.format, x FORMAT CSV", "CSV", "SELECT t.format, x  «OUT» FORMAT CSV"},
	} {
		s := splitStatement(e.sql)
		equal(t, e.sql+": kind", s.kind, statementSelect)
		equal(t, e.sql+": format", s.format, e.format)
		equal(t, e.sql+": sent", s.withOutfile(clause, "Default"), e.sent)
	}
}

func TestSplitInsert(t *testing.T) {
	for _, e := range []struct{ sql, text, format, data string }{
		{"INSERT INTO t VALUES (1)", "INSERT INTO t ", "Values", " (1)"},
		{"insert into t (a, b) values(1,2)", "insert into t (a, b) ", "Values", "(1,2)"},
		{"INSERT INTO t FORMAT CSV\n1,2\n", "INSERT INTO t ", "CSV", "1,2\n"},
		{"INSERT INTO t FORMAT TSV \r\n\tx\n", "INSERT INTO t ", "TSV", "\tx\n"},
		{"INSERT INTO t SETTINGS async_insert = 0 FORMAT Native", "INSERT INTO t SETTINGS async_insert = 0 ", "Native", ""},
		{"INSERT INTO db.`values` (`format`) FORMAT JSONEachRow {}", "INSERT INTO db.`values` (`format`) ", "JSONEachRow", "{}"},
		{"INSERT INTO db.values (format) VALUES (1)", "INSERT INTO db.values (format) ", "Values", " (1)"},
		{"INSERT INTO FUNCTION null('a Int8') VALUES (1)", "INSERT INTO FUNCTION null('a Int8') ", "Values", " (1)"},
		{"INSERT INTO t (a)", "INSERT INTO t (a)", "", ""},
		{"/* x */ INSERT INTO t VALUES ('SELECT')", "/* x */ INSERT INTO t ", "Values", " ('SELECT')"},
	} {
		s := splitStatement(e.sql)
		equal(t, e.sql+": kind", s.kind, statementInsert)
		equal(t, e.sql+": text", s.text, e.text)
		equal(t, e.sql+": format", s.format, e.format)
		equal(t, e.sql+": data", e.sql[s.data:], e.data)
	}
}

func TestSplitOther(t *testing.T) {
	for sql, kind := range map[string]statementKind{
		"INSERT INTO t SELECT * FROM u": statementOther, "INSERT INTO t (a) (SELECT 1)": statementOther, "INSERT INTO t WITH 1 AS x SELECT x": statementOther,
		"INSERT INTO t FROM INFILE 'x' FORMAT CSV": statementOther, "CREATE TABLE t (a Int8) ENGINE = Memory": statementOther,
		"SHOW TABLES FORMAT JSON": statementOther, "EXPLAIN SELECT 1": statementOther, "": statementEmpty, " ; -- x": statementEmpty, "FROM t SELECT a": statementSelect,
	} {
		equal(t, sql, splitStatement(sql).kind, kind)
	}
	equal(t, "format of SHOW", splitStatement("SHOW TABLES FORMAT JSON").format, "JSON")
	equal(t, "two statements", splitStatement("SELECT 1; SELECT 2").second, true)
	equal(t, "one statement", splitStatement("SELECT ';'; -- end").second, false)
	equal(t, "outfile", splitStatement("SELECT 1 INTO OUTFILE 'x' FORMAT CSV").outfile, true)
}

// FuzzSplitStatement checks that no text panics or is cut outside of itself.
func FuzzSplitStatement(f *testing.F) {
	for _, seed := range []string{"SELECT 1 FORMAT JSON", "INSERT INTO t VALUES (1)", "SELECT 'x", "/*", "INSERT INTO t FORMAT", "((", "`"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		s := splitStatement(sql)
		if len(s.text) > len(sql) || s.formatAt > len(s.text) || s.data > len(sql) {
			t.Errorf("%q: %+v", sql, s)
		}
		_ = s.withOutfile("x", "y")
	})
}
