package embedded

import "strings"

// statementKind says which way a statement goes through the engine.
type statementKind int

const (
	statementEmpty  statementKind = iota
	statementSelect               // has a result of any size: streamed
	statementInsert               // is followed by its rows
	statementOther                // DDL, SHOW, INSERT … SELECT: a small answer
)

// statement is what the HTTP interface needs to know of a SQL text. The engine parses it; this only finds the seams.
type statement struct {
	kind statementKind
	text string // without trailing semicolon; for an INSERT with rows, up to where VALUES or FORMAT begins
	// formatAt is where the FORMAT clause of a statement with a result begins in text; len(text) without one.
	formatAt int
	format   string // the name in the FORMAT clause, "Values" for VALUES, "" without one
	data     int    // an INSERT's rows begin here in the text given
	second   bool   // something follows a semicolon: HTTP takes one statement
	outfile  bool   // INTO OUTFILE, which writes where the server runs
}

// splitStatement finds kind, format and data of one SQL text.
func splitStatement(sql string) statement {
	t := tokens{sql: sql}
	first, ok := t.next()
	for ok && (first.text == "(" || first.text == ";") {
		first, ok = t.next()
	}
	if !ok {
		return statement{kind: statementEmpty}
	}
	if first.is("INSERT") {
		return splitInsert(sql, &t)
	}
	s := statement{kind: statementOther}
	if first.is("SELECT") || first.is("WITH") || first.is("FROM") {
		s.kind = statementSelect
	}
	t = tokens{sql: sql}
	s.rest(sql, &t)
	return s
}

// splitInsert walks the head of an INSERT up to VALUES, FORMAT or a query, whichever is first outside of parentheses.
func splitInsert(sql string, t *tokens) statement {
	before := token{}
	for {
		tok, ok := t.next()
		switch {
		case !ok, tok.text == ";" && tok.depth == 0:
			end := len(sql)
			if ok {
				end = tok.start
			}
			return statement{kind: statementInsert, text: sql[:end], data: len(sql)} // the rows are in the body, as VALUES
		case before.text == "(" && tok.depth <= 1 && (tok.is("SELECT") || tok.is("WITH")),
			tok.depth == 0 && (tok.is("SELECT") || tok.is("WITH") || tok.is("FROM")):
			s := statement{kind: statementOther}
			*t = tokens{sql: sql}
			s.rest(sql, t)
			return s
		case tok.depth == 0 && tok.is("VALUES") && !before.is("INTO") && before.text != ".":
			return statement{kind: statementInsert, text: sql[:tok.start], format: "Values", data: tok.end}
		case tok.depth == 0 && tok.is("FORMAT") && !before.is("INTO") && before.text != ".":
			name, ok := t.next()
			if !ok {
				return statement{kind: statementInsert, text: sql, data: len(sql)}
			}
			return statement{kind: statementInsert, text: sql[:tok.start], format: name.text, data: dataStart(sql, name.end)}
		}
		before = tok
	}
}

// dataStart skips what separates "FORMAT name" from the rows: blanks and one line end, as the server does.
func dataStart(sql string, at int) int {
	for at < len(sql) && (sql[at] == ' ' || sql[at] == '\t' || sql[at] == '\f') {
		at++
	}
	if at < len(sql) && sql[at] == ';' {
		at++
	}
	if at < len(sql) && sql[at] == '\r' {
		at++
	}
	if at < len(sql) && sql[at] == '\n' {
		at++
	}
	return at
}

// rest fills in where the statement and its FORMAT clause end.
func (s *statement) rest(sql string, t *tokens) {
	end, clause, stage := len(sql), -1, noFormat
	var last token
	for {
		tok, ok := t.next()
		if !ok {
			break
		}
		if end < len(sql) {
			s.second = s.second || tok.text != ";"
			continue
		}
		if tok.text == ";" && tok.depth == 0 {
			end = tok.start
			continue
		}
		switch {
		case stage == sawFormat && tok.word && !tok.is("ASC") && !tok.is("DESC"):
			s.format, stage = tok.text, sawName
		case stage == sawName && tok.is("SETTINGS"):
			stage = sawSettings
		case stage == sawFormat || stage == sawName:
			stage = noFormat // an ordinary name after all
		}
		if tok.depth == 0 && tok.is("FORMAT") && last.endsExpression() && stage != sawName {
			clause, stage = tok.start, sawFormat
		}
		s.outfile = s.outfile || tok.depth == 0 && tok.is("OUTFILE") && last.is("INTO")
		last = tok
	}
	s.text, s.formatAt = sql[:end], end
	if stage == sawName || stage == sawSettings {
		s.formatAt = clause
		return
	}
	s.format = ""
}

// How much of a FORMAT clause has been seen; it must stand at the end of a query, with nothing but SETTINGS behind it.
const (
	noFormat = iota
	sawFormat
	sawName
	sawSettings
)

// withOutfile is the statement with its result sent to path in format, whatever it ended in before.
func (s statement) withOutfile(clause, format string) string {
	if s.format != "" {
		return s.text[:s.formatAt] + clause + s.text[s.formatAt:]
	}
	return s.text + clause + "FORMAT " + format
}

// token is a word, a quoted text or a single other character.
type token struct {
	text       string
	start, end int
	depth      int // of parentheses around it; an opening one is outside of itself
	word       bool
}

func (t token) is(keyword string) bool { return t.word && strings.EqualFold(t.text, keyword) }

// endsExpression tells a FORMAT clause from a column of that name: a clause follows something that can end a query.
func (t token) endsExpression() bool {
	if !t.word {
		return t.text != "" && strings.ContainsRune(")]}'\"`*", rune(t.text[len(t.text)-1]))
	}
	for _, keyword := range []string{"SELECT", "DISTINCT", "BY", "WHERE", "PREWHERE", "HAVING", "AND", "OR", "NOT", "ON", "USING", "AS", "FROM", "IN", "LIKE", "WHEN", "THEN", "ELSE"} {
		if t.is(keyword) {
			return false
		}
	}
	return true
}

// tokens cuts SQL into tokens, without comments and space.
type tokens struct {
	sql       string
	at, depth int
}

func (t *tokens) next() (token, bool) {
	t.skipSpace()
	if t.at >= len(t.sql) {
		return token{}, false
	}
	start, c := t.at, t.sql[t.at]
	tok := token{start: start, depth: t.depth}
	switch {
	case c == '\'' || c == '"' || c == '`':
		t.at = quotedEnd(t.sql, start)
	case isWord(c):
		for t.at < len(t.sql) && isWord(t.sql[t.at]) {
			t.at++
		}
		tok.word = true
	default:
		t.at++
		if c == '(' {
			t.depth++
		}
		if c == ')' && t.depth > 0 {
			t.depth--
			tok.depth = t.depth
		}
	}
	tok.end = t.at
	tok.text = t.sql[start:t.at]
	return tok, true
}

// skipSpace goes past white space and comments: "-- …", "# …", "#! …" and "/* … */".
func (t *tokens) skipSpace() {
	for t.at < len(t.sql) {
		rest := t.sql[t.at:]
		switch {
		case strings.IndexByte(" \t\r\n\f\v", rest[0]) >= 0:
			t.at++
		case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "# "), strings.HasPrefix(rest, "#!"):
			t.at += untilAfter(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			t.at += untilAfter(rest, "*/")
		default:
			return
		}
	}
}

func untilAfter(text, end string) int {
	if i := strings.Index(text, end); i >= 0 {
		return i + len(end)
	}
	return len(text)
}

// quotedEnd is where the quoted text that begins at start ends. A doubled quote and a backslash keep it open.
func quotedEnd(sql string, start int) int {
	quote := sql[start]
	for i := start + 1; i < len(sql); i++ {
		switch sql[i] {
		case '\\':
			i++
		case quote:
			if i+1 < len(sql) && sql[i+1] == quote {
				i++
				continue
			}
			return i + 1
		}
	}
	return len(sql)
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// quoteString writes text as a SQL string.
func quoteString(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

// quoteName writes text as a SQL identifier.
func quoteName(text string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(text) + "`"
}
