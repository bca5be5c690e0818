package embedded

import (
	"strings"

	"github.com/ClickHouse/ch-go/proto"
)

// helloColumns are the columns of clickhouse-go's first query, which is its handshake over HTTP.
var helloColumns = []string{"displayName()", "version()", "revision()", "timezone()"}

// isHello recognizes the handshake.
func isHello(q *request) bool {
	return q.format == "Native" && strings.Join(strings.Fields(q.statement.text), " ") == "SELECT "+strings.Join(helloColumns, ", ")
}

// hello answers the handshake in place of the engine, with revision 0: the engine writes Native without a revision, and both
// sides keep to what this answer says. The answer itself is one block at the revision the client announced, which is the only
// one it can read until then.
func (s *engineServer) hello(p *response, q *request) error {
	values := []proto.ColInput{text(s.name), text(s.version), &proto.ColUInt32{0}, text(s.timezone)}
	types := []string{"String", "String", "UInt32", "String"}
	var b proto.Buffer
	if q.revision > 0 {
		proto.BlockInfo{BucketNum: -1}.Encode(&b)
	}
	b.PutUVarInt(uint64(len(values)))
	b.PutUVarInt(1)
	for i, value := range values {
		b.PutString(helloColumns[i])
		b.PutString(types[i])
		if proto.FeatureCustomSerialization.In(q.revision) {
			b.PutBool(false)
		}
		value.EncodeColumn(&b)
	}
	p.begin("Native", engineStats{resultRows: 1, resultBytes: uint64(len(b.Buf))})
	p.Write(b.Buf)
	p.end()
	return nil
}

// text is a column of one string.
func text(value string) *proto.ColStr {
	column := new(proto.ColStr)
	column.Append(value)
	return column
}
