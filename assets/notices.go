package assets

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
)

// notices is written by packaging/notices.sh.
//
//go:embed notices.txt.gz
var notices []byte

// Notices are the licences of all that the program is built from.
func Notices() ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(notices))
	if err != nil {
		return nil, fmt.Errorf("unpack the notices: %w", err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("unpack the notices: %w", err)
	}
	return text, nil
}
