package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// StringPair is one entry of a StringMap.
type StringPair struct{ Key, Value string }

// StringMap is a map of strings kept as a list sorted by key: the same content has the same bytes, and decoding into a
// reused one allocates nothing.
type StringMap []StringPair

// StringMapOf builds a map from alternating keys and values; pairs with an empty value are left out.
func StringMapOf(kv ...string) StringMap {
	m := make(StringMap, 0, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i+1] != "" {
			m.Set(kv[i], kv[i+1])
		}
	}
	return m
}

func (m StringMap) find(key string) (int, bool) {
	return slices.BinarySearchFunc(m, key, func(p StringPair, k string) int { return strings.Compare(p.Key, k) })
}

// Get is the value under key, "" where there is none.
func (m StringMap) Get(key string) string {
	if i, ok := m.find(key); ok {
		return m[i].Value
	}
	return ""
}

// Set puts value under key and keeps the order.
func (m *StringMap) Set(key, value string) {
	i, ok := m.find(key)
	if ok {
		(*m)[i].Value = value
		return
	}
	*m = slices.Insert(*m, i, StringPair{key, value})
}

// MarshalJSON writes an object.
func (m StringMap) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		k, err := json.Marshal(p.Key)
		if err != nil {
			return nil, err
		}
		v, err := json.Marshal(p.Value)
		if err != nil {
			return nil, err
		}
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads an object of strings.
func (m *StringMap) UnmarshalJSON(b []byte) error {
	var raw map[string]string
	if err := json.Unmarshal(b, &raw); err != nil {
		return fmt.Errorf("map: want an object whose values are strings")
	}
	*m = (*m)[:0]
	for k, v := range raw {
		*m = append(*m, StringPair{k, v})
	}
	slices.SortFunc(*m, func(a, b StringPair) int { return strings.Compare(a.Key, b.Key) })
	return nil
}
