package schemas

// StateRecord is a record that a projection keeps: any generated struct.
type StateRecord interface {
	appendAvro(b []byte) ([]byte, error)
	decodeAvro(r *reader)
}

// AppendState appends the Avro body of a state record. State is our own, so it carries no schema id: a changed layout is a new changelog.
func AppendState(b []byte, rec StateRecord) ([]byte, error) { return rec.appendAvro(b) }

// ReadState decodes what AppendState wrote. The bytes may not be changed afterwards.
func ReadState(b []byte, rec StateRecord) error {
	r := newReader(b)
	rec.decodeAvro(&r)
	return r.end()
}
