package projections

import (
	"slices"
	"strings"
)

// Memory is a State without a store: simulations, shadow derivations and audits fold into it.
type Memory struct {
	values  map[string]any
	changed []string
}

// NewMemory is an empty state.
func NewMemory() *Memory { return &Memory{values: map[string]any{}} }

// Get returns the value under key, nil where there is none.
func (m *Memory) Get(key string) any { return m.values[key] }

// Put keeps value under key; nil deletes it.
func (m *Memory) Put(key string, value any) {
	key = strings.Clone(key)
	if !slices.Contains(m.changed, key) {
		m.changed = append(m.changed, key)
	}
	if value == nil {
		delete(m.values, key)
		return
	}
	m.values[key] = value
}

// Keys lists the keys with a prefix.
func (m *Memory) Keys(prefix string) []string {
	var keys []string
	for k := range m.values {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// Changed lists the keys put since the last Settle.
func (m *Memory) Changed() []string { return m.changed }

// Settle ends a transaction.
func (m *Memory) Settle() { m.changed = m.changed[:0] }
