package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
)

// message is one JSON value of an input, and the line on which it begins.
type message struct {
	line int
	text []byte
	err  error // the text is not JSON
}

// messages splits an input into JSON values: one a line (NDJSON), one over several lines, or the items of one array. What is not JSON is yielded with an
// error that names its line, and reading goes on with the next line that can begin a value.
func messages(input []byte) iter.Seq[message] {
	return func(yield func(message) bool) {
		s := &splitter{rest: bytes.TrimPrefix(input, []byte("\xef\xbb\xbf")), line: 1}
		if s.skipSpace(); len(s.rest) > 0 && s.rest[0] == '[' {
			s.array(yield)
			return
		}
		for s.skipSpace(); len(s.rest) > 0; s.skipSpace() {
			if !yield(s.next()) {
				return
			}
		}
	}
}

type splitter struct {
	rest []byte
	line int // of the first byte of rest
}

func (s *splitter) advance(n int) {
	s.line += bytes.Count(s.rest[:n], []byte{'\n'})
	s.rest = s.rest[n:]
}

func (s *splitter) skipSpace() { s.advance(len(s.rest) - len(bytes.TrimLeft(s.rest, " \t\r\n"))) }

// lineEnd is where the first line of rest ends.
func (s *splitter) lineEnd() int {
	if i := bytes.IndexByte(s.rest, '\n'); i >= 0 {
		return i
	}
	return len(s.rest)
}

// next takes the next value. A line that is one by itself is taken as it is; else the value goes over several lines, unless the following line begins one
// too, because then this line is a broken one of an NDJSON file.
func (s *splitter) next() message {
	end := s.lineEnd()
	m := message{line: s.line, text: bytes.TrimSpace(s.rest[:end])}
	if json.Valid(m.text) {
		s.advance(end)
		return m
	}
	if following := bytes.TrimSpace(s.rest[end:]); len(following) == 0 || bytes.HasPrefix(s.rest[end:], []byte("\n{")) {
		s.advance(end)
		return broken(m.line, m.text)
	}
	d := json.NewDecoder(bytes.NewReader(s.rest))
	var value json.RawMessage
	if err := d.Decode(&value); err != nil {
		m = broken(s.line, s.rest)
		s.resume()
		return m
	}
	m.text = value
	s.advance(int(d.InputOffset()))
	return m
}

// resume goes to the next line that begins with a brace.
func (s *splitter) resume() {
	i := bytes.Index(s.rest, []byte("\n{"))
	if i < 0 {
		i = len(s.rest) - 1
	}
	s.advance(i + 1)
}

// array yields the items of the array that rest begins with; after one that is not JSON nothing can be found again.
func (s *splitter) array(yield func(message) bool) {
	d := json.NewDecoder(bytes.NewReader(s.rest))
	_, _ = d.Token() // the bracket
	for d.More() {
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			yield(broken(s.line, s.rest))
			return
		}
		at := int(d.InputOffset()) - len(value)
		if !yield(message{line: s.line + bytes.Count(s.rest[:at], []byte{'\n'}), text: value}) {
			return
		}
	}
	if _, err := d.Token(); err != nil {
		yield(broken(s.line, s.rest))
	}
}

// broken says on which line text, which begins on the given one, stops being JSON.
func broken(line int, text []byte) message {
	d := json.NewDecoder(bytes.NewReader(text))
	var value json.RawMessage
	err := d.Decode(&value)
	at := len(text)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = int(syntax.Offset)
	}
	if err == nil { // a value, and something after it
		at, err = int(d.InputOffset()), errors.New("something follows the value")
	}
	before := text[:min(at, len(text))]
	line += bytes.Count(before, []byte{'\n'})
	return message{line: line, err: fmt.Errorf("line %d, column %d: malformed JSON: %w", line, at-bytes.LastIndexByte(before, '\n')-1, err)}
}
