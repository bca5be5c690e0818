package sinks

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// Column is one column of a base table, as the insert names it.
type Column struct {
	Name string
	Type string // ClickHouse type
}

// Block collects rows by column, in ClickHouse's Native format. Cells are written in the order of the columns; Row ends a row. In an array column
// every cell is an element until End closes the array. A block is reused: after some blocks no cell costs an allocation.
type Block struct {
	columns []column
	at      int // the column that the next cell goes to
	rows    int
	lines   int // rows, or elements of rows that hold several: what people count
	err     error
	marked  struct{ rows, lines int }
	pairs   []schemas.StringPair // scratch of one row
	moves   lineMoves            // the same, of order_lines
}

// column is a Native column under construction.
type column struct {
	head     []byte // name and type, as the format wants them
	data     []byte
	nulls    []byte // of Nullable: one byte a value
	offsets  []byte // of Array and Map: where each row's elements end
	keys     []byte // of Map
	elements uint64
	width    int // bytes of a value; 0: a string with its length in front
	scale    uint8
	nullable bool
	array    bool
	mark     struct {
		data, nulls, offsets, keys int
		elements                   uint64
	}
}

// widths are the value types that a Block writes; Decimal and DateTime64 are recognised by their names' start.
var widths = map[string]int{"String": 0, "UUID": 16, "Bool": 1, "Int32": 4, "Int64": 8, "UInt32": 4, "UInt64": 8, "Date32": 4}

// NewBlock makes a block for columns; a type that no Block writes is an error.
func NewBlock(columns []Column) (*Block, error) {
	b := &Block{columns: make([]column, len(columns))}
	for i, c := range columns {
		if err := b.columns[i].init(c); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (c *column) init(from Column) error {
	c.head = appendText(appendText(nil, from.Name), from.Type)
	inner := from.Type
	if inner == "Map(String, String)" {
		c.array = true
		return nil
	}
	if rest, ok := strings.CutPrefix(inner, "Array("); ok {
		c.array, inner = true, strings.TrimSuffix(rest, ")")
	}
	if rest, ok := strings.CutPrefix(inner, "Nullable("); ok {
		c.nullable, inner = true, strings.TrimSuffix(rest, ")")
	}
	if width, ok := widths[inner]; ok {
		c.width = width
		return nil
	}
	if inner == "DateTime64(6, 'UTC')" {
		c.width = 8
		return nil
	}
	if rest, ok := strings.CutPrefix(inner, "Decimal(38, "); ok {
		scale, err := strconv.Atoi(strings.TrimSuffix(rest, ")"))
		c.width, c.scale = 16, uint8(scale)
		return err
	}
	return fmt.Errorf("column %s: a block writes no %s", from.Name, from.Type)
}

// cell is the column that takes the next value.
func (b *Block) cell() *column {
	c := &b.columns[b.at]
	if c.array {
		c.elements++
	} else {
		b.at++
	}
	if c.nullable {
		c.nulls = append(c.nulls, 0)
	}
	return c
}

// Null writes a null; in a column that is not Nullable the type's zero, so that one function writes a table's columns and their nullable twins.
func (b *Block) Null() {
	c := &b.columns[b.at]
	if c.array {
		c.elements++
	} else {
		b.at++
	}
	if c.nullable {
		c.nulls = append(c.nulls, 1)
	}
	var zero [16]byte
	c.data = append(c.data, zero[:max(c.width, 1)]...)
}

// Str writes a string.
func (b *Block) Str(s string) {
	c := b.cell()
	if len(s) >= 0x80 {
		c.data = appendText(c.data, s)
		return
	}
	c.data = append(c.data, byte(len(s)))
	if s != "" {
		c.data = append(c.data, s...)
	}
}

// StrOrNull writes a string, or a null where it is empty.
func (b *Block) StrOrNull(s string) {
	if s == "" {
		b.Null()
		return
	}
	b.Str(s)
}

// Bytes writes raw bytes into a String column.
func (b *Block) Bytes(p []byte) {
	c := b.cell()
	c.data = append(binary.AppendUvarint(c.data, uint64(len(p))), p...)
}

// UUID writes an id: two little-endian halves.
func (b *Block) UUID(u schemas.UUID) {
	c := b.cell()
	c.data = binary.LittleEndian.AppendUint64(c.data, binary.BigEndian.Uint64(u[:8]))
	c.data = binary.LittleEndian.AppendUint64(c.data, binary.BigEndian.Uint64(u[8:]))
}

// Bool writes a Bool.
func (b *Block) Bool(v bool) {
	c := b.cell()
	if v {
		c.data = append(c.data, 1)
		return
	}
	c.data = append(c.data, 0)
}

// Int32 writes an Int32.
func (b *Block) Int32(v int32) {
	c := b.cell()
	c.data = binary.LittleEndian.AppendUint32(c.data, uint32(v))
}

// Int64 writes an Int64 or a UInt64.
func (b *Block) Int64(v int64) {
	c := b.cell()
	c.data = binary.LittleEndian.AppendUint64(c.data, uint64(v))
}

// Time writes an instant in microseconds.
func (b *Block) Time(t schemas.Time) { b.Int64(int64(t)) }

// Date writes a calendar date.
func (b *Block) Date(d schemas.Date) { b.Int32(int32(d)) }

// Decimal writes d at the column's scale. One that does not fit leaves a null behind and an error that the row's Take returns.
func (b *Block) Decimal(d schemas.Decimal) {
	c := b.cell()
	hi, lo := d.Int128()
	if d.Scale() == c.scale {
		c.data = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(c.data, lo), uint64(hi))
		return
	}
	data, err := d.AppendLE16(c.data, c.scale)
	if err != nil {
		b.fail(fmt.Errorf("a decimal does not fit scale %d", c.scale))
		data = append(c.data, make([]byte, 16)...)
	}
	c.data = data
}

// The optional forms write a null where there is no value.

func (b *Block) OptUUID(o schemas.Opt[schemas.UUID]) {
	if !o.Set {
		b.Null()
		return
	}
	b.UUID(o.V)
}

func (b *Block) OptTime(o schemas.Opt[schemas.Time]) {
	if !o.Set {
		b.Null()
		return
	}
	b.Time(o.V)
}

func (b *Block) OptDate(o schemas.Opt[schemas.Date]) {
	if !o.Set {
		b.Null()
		return
	}
	b.Date(o.V)
}

func (b *Block) OptDecimal(o schemas.Opt[schemas.Decimal]) {
	if !o.Set {
		b.Null()
		return
	}
	b.Decimal(o.V)
}

// Pairs writes a whole Map cell.
func (b *Block) Pairs(pairs []schemas.StringPair) {
	c := &b.columns[b.at]
	for _, p := range pairs {
		c.keys = appendText(c.keys, p.Key)
		c.data = appendText(c.data, p.Value)
	}
	c.elements += uint64(len(pairs))
	b.End()
}

// End closes an array cell.
func (b *Block) End() {
	c := &b.columns[b.at]
	if !c.array {
		b.fail(fmt.Errorf("column %d is no array", b.at))
	}
	c.offsets = binary.LittleEndian.AppendUint64(c.offsets, c.elements)
	b.at++
}

// Row ends a row that people count as so many lines.
func (b *Block) Row(lines int) {
	if b.at != len(b.columns) {
		b.fail(fmt.Errorf("%d cells for %d columns", b.at, len(b.columns)))
	}
	b.at = 0
	b.rows++
	b.lines += lines
}

func (b *Block) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// Rows is how many rows the block holds, Lines how many of what people count, Size how many bytes the body will have, headers aside.
func (b *Block) Rows() int  { return b.rows }
func (b *Block) Lines() int { return b.lines }

func (b *Block) Size() int {
	n := 0
	for i := range b.columns {
		c := &b.columns[i]
		n += len(c.data) + len(c.nulls) + len(c.offsets) + len(c.keys)
	}
	return n
}

// Take runs write, which adds the rows of one record. Where it fails the block is as it was before: half a record never goes out.
func (b *Block) Take(write func(*Block) error) error {
	b.remember()
	err := write(b)
	if err == nil && b.at != 0 {
		err = fmt.Errorf("a row ends after %d of %d cells", b.at, len(b.columns))
	}
	if err == nil {
		err = b.err
	}
	if err != nil {
		b.rollback()
	}
	return err
}

func (b *Block) remember() {
	b.marked.rows, b.marked.lines = b.rows, b.lines
	for i := range b.columns {
		c := &b.columns[i]
		c.mark.data, c.mark.nulls, c.mark.offsets, c.mark.keys = len(c.data), len(c.nulls), len(c.offsets), len(c.keys)
		c.mark.elements = c.elements
	}
}

func (b *Block) rollback() {
	b.rows, b.lines, b.at, b.err = b.marked.rows, b.marked.lines, 0, nil
	for i := range b.columns {
		c := &b.columns[i]
		c.data, c.nulls, c.offsets, c.keys = c.data[:c.mark.data], c.nulls[:c.mark.nulls], c.offsets[:c.mark.offsets], c.keys[:c.mark.keys]
		c.elements = c.mark.elements
	}
}

// Reset empties the block and keeps its memory.
func (b *Block) Reset() {
	b.rows, b.lines, b.at, b.err = 0, 0, 0, nil
	for i := range b.columns {
		c := &b.columns[i]
		c.data, c.nulls, c.offsets, c.keys, c.elements = c.data[:0], c.nulls[:0], c.offsets[:0], c.keys[:0], 0
	}
}

// Body is the block in the Native format. It may be read again from the start by calling Body again.
func (b *Block) Body() io.Reader {
	parts := make([]io.Reader, 0, 1+4*len(b.columns))
	parts = append(parts, bytes.NewReader(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(b.columns))), uint64(b.rows))))
	for i := range b.columns {
		c := &b.columns[i]
		for _, p := range [][]byte{c.head, c.offsets, c.keys, c.nulls, c.data} {
			if len(p) > 0 {
				parts = append(parts, bytes.NewReader(p))
			}
		}
	}
	return io.MultiReader(parts...)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
