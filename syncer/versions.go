package syncer

import (
	"encoding/json"
	"fmt"
)

// encodeVersions and decodeVersions keep a list of versions in the catalog.
func encodeVersions(list []Version) []byte {
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // plain values
	}
	return b
}

func decodeVersions(b []byte) ([]Version, error) {
	var list []Version
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("read the known versions: %w", err)
	}
	return list, nil
}
