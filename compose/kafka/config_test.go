package kafka

import (
	"encoding/base64"
	"testing"
)

// One id in 64 would begin with a dash if nothing were done about it.
func TestClusterIDIsNoOption(t *testing.T) {
	for range 2000 {
		id := clusterID()
		if b, err := base64.RawURLEncoding.DecodeString(id); err != nil || len(b) != 16 || id[0] == '-' {
			t.Fatalf("%q: %v", id, err)
		}
	}
}
