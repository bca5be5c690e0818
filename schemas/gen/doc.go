// Command gen writes package schemas' structs and their Avro codec from the .avsc files.
//
// The two types that matter are library, which is every .avsc file read and resolved (names, references, the self-contained text of each
// event), and record, which is one Avro record in Go's terms. emit*.go turn records into source.
//
// The .avsc files are the source of truth: `make schemas` runs this command, and `go run ./schemas/gen -check` exits with status 1 where
// the written files differ from what it would write. What the mapping cannot express (a union that is not null and one other type, a
// recursive record, a default that is not a constant) is refused with the file and the field.
package main
