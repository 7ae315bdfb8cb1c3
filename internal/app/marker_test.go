package app_test

import (
	"bytes"
	"testing"
)

// noMarker fails where something that we wrote holds what a member wrote.
func noMarker(t testing.TB, where string, data []byte) {
	t.Helper()
	if i := bytes.Index(data, []byte(marker)); i >= 0 {
		t.Errorf("%s holds message text at byte %d", where, i)
	}
}
