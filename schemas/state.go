package schemas

import "errors"

// StateRecord is a record that a projection keeps: any generated struct.
type StateRecord interface {
	appendAvro(b []byte) ([]byte, error)
	decodeAvro(r *reader)
}

// AppendState appends the Avro body of a state record. State is our own, so it carries no schema id: a changed layout is a new changelog, but for what
// ReadGrownState reads.
func AppendState(b []byte, rec StateRecord) ([]byte, error) { return rec.appendAvro(b) }

// ReadState decodes what AppendState wrote. The bytes may not be changed afterwards.
func ReadState(b []byte, rec StateRecord) error {
	r := newReader(b)
	rec.decodeAvro(&r)
	return r.end()
}

// ReadGrownState is ReadState for a record that has grown at its end since the first bytes of it were written, by that many fields. Each of them is an array
// or nullable: a zero byte says that there is nothing in it, and is what older bytes lack.
func ReadGrownState(b []byte, rec StateRecord, fields int) error {
	err := ReadState(b, rec)
	for n := 1; n <= fields && errors.Is(err, errTruncated); n++ {
		err = ReadState(append(b[:len(b):len(b)], make([]byte, n)...), rec)
	}
	return err
}
