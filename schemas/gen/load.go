package main

import (
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"

	"github.com/hamba/avro/v2"
)

// library is every .avsc file, read and resolved.
type library struct {
	files   []*file
	defs    map[string]*node // definition of each named type by full name
	cache   *avro.SchemaCache
	records map[string]*record
	enums   map[string]*enum
}

// file is one .avsc.
type file struct {
	path   string
	roots  []*node  // the definitions at its top: one, but for meta.avsc
	named  []string // full names defined in it, in order
	event  *record  // nil for a list of types
	shared bool     // a list of types, no event: the envelope, the state that projections keep
}

const metaFile = "meta.avsc"

// load reads meta.avsc and <domain>/<event>.avsc below fsys.
func load(fsys fs.FS) (*library, error) {
	paths, err := fs.Glob(fsys, "*/*.avsc")
	if err != nil {
		return nil, fmt.Errorf("listing schemas: %w", err)
	}
	sort.Strings(paths)
	lib := &library{defs: map[string]*node{}, cache: &avro.SchemaCache{}, records: map[string]*record{}, enums: map[string]*enum{}}
	for _, path := range append([]string{metaFile}, paths...) {
		if strings.HasPrefix(path, "history/") || strings.HasPrefix(path, "testdata/") || strings.HasPrefix(path, "gen/") {
			continue
		}
		if err := lib.read(fsys, path); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := lib.parse(); err != nil {
		return nil, err
	}
	return lib, lib.build()
}

func (lib *library) read(fsys fs.FS, path string) error {
	text, err := fs.ReadFile(fsys, path)
	if err != nil {
		return err
	}
	root, err := parseNode(text)
	if err != nil {
		return err
	}
	f := &file{path: path, roots: []*node{root}}
	if root.kind == '[' {
		f.roots, f.shared = root.items, true
	}
	for _, r := range f.roots {
		if err := lib.define(f, r); err != nil {
			return err
		}
	}
	lib.files = append(lib.files, f)
	return nil
}

// define notes the named types at n and below.
func (lib *library) define(f *file, n *node) error {
	if name := n.get("name").text(); name != "" && isNamed(n.get("type").text()) {
		namespace := n.get("namespace").text()
		if namespace == "" {
			return fmt.Errorf("type %s: write its namespace, so that it can be inlined anywhere", name)
		}
		full := namespace + "." + name
		if lib.defs[full] != nil {
			return fmt.Errorf("type %s is defined twice", full)
		}
		lib.defs[full] = n
		f.named = append(f.named, full)
	}
	for _, child := range typeChildren(n) {
		if err := lib.define(f, child); err != nil {
			return err
		}
	}
	return nil
}

func isNamed(typ string) bool { return typ == "record" || typ == "enum" || typ == "fixed" }

// typeChildren are the places below n where a type stands.
func typeChildren(n *node) []*node {
	if n == nil {
		return nil
	}
	if n.kind == '[' {
		return n.items
	}
	var children []*node
	for _, name := range []string{"type", "items", "values"} {
		if c := n.get(name); c != nil && c.kind != 0 {
			children = append(children, c)
		}
	}
	if fields := n.get("fields"); fields != nil {
		for _, field := range fields.items {
			if t := field.get("type"); t != nil && t.kind != 0 {
				children = append(children, t)
			}
		}
	}
	return children
}

// parse hands every definition to hamba, those that refer to others after them.
func (lib *library) parse() error {
	var waiting []*node
	where := map[*node]string{}
	for _, f := range lib.files {
		for _, r := range f.roots {
			waiting = append(waiting, r)
			where[r] = f.path
		}
	}
	for len(waiting) > 0 {
		var stuck []*node
		var errs []error
		for _, n := range waiting {
			if _, err := avro.ParseBytesWithCache(n.append(nil), "", lib.cache); err != nil {
				stuck = append(stuck, n)
				errs = append(errs, fmt.Errorf("%s: %w", where[n], err))
			}
		}
		if len(stuck) == len(waiting) {
			return errors.Join(errs...)
		}
		waiting = stuck
	}
	return nil
}

// inlined is the self-contained text of a type: every reference is replaced at its first use by its definition.
func (lib *library) inlined(full string) string {
	seen := map[string]bool{}
	return string(lib.inline(lib.defs[full], seen).append(nil))
}

func (lib *library) inline(n *node, seen map[string]bool) *node {
	switch n.kind {
	case '[':
		out := &node{kind: '['}
		for _, item := range n.items {
			out.items = append(out.items, lib.inline(item, seen))
		}
		return out
	case '{':
		return lib.inlineObject(n, seen)
	}
	full := n.text()
	if def := lib.defs[full]; def != nil && !seen[full] {
		return lib.inline(def, seen)
	}
	return n
}

func (lib *library) inlineObject(n *node, seen map[string]bool) *node {
	if isNamed(n.get("type").text()) {
		full := n.get("namespace").text() + "." + n.get("name").text()
		if seen[full] {
			return &node{scalar: []byte(`"` + full + `"`)}
		}
		seen[full] = true
	}
	out := &node{kind: '{'}
	for _, m := range n.members {
		value := m.value
		switch m.name {
		case "items", "values":
			value = lib.inline(value, seen)
		case "type":
			if !isNamed(value.text()) {
				value = lib.inline(value, seen)
			}
		case "fields":
			value = lib.inlineFields(value, seen)
		}
		out.members = append(out.members, member{m.name, value})
	}
	return out
}

// inlineFields takes a record's fields, whose "type" may be anything.
func (lib *library) inlineFields(fields *node, seen map[string]bool) *node {
	out := &node{kind: '['}
	for _, f := range fields.items {
		field := &node{kind: '{'}
		for _, m := range f.members {
			value := m.value
			if m.name == "type" {
				value = lib.inline(value, seen)
			}
			field.members = append(field.members, member{m.name, value})
		}
		out.items = append(out.items, field)
	}
	return out
}
