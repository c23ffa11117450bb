package kit

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var sizes = regexp.MustCompile(`(?i)^([0-9]{1,15})(?:\.([0-9]))? ?([kmgt]?)b?$`)

// Size reads "500GB", "1.5 TB" or a number of bytes. Units are decimal, as on the box of a disk.
func Size(text string) (int64, error) {
	parts := sizes.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return 0, fmt.Errorf("%w: %q is no size; 400GB is one", ErrOptions, text)
	}
	n, err := strconv.ParseInt(parts[1]+parts[2], 10, 64)
	if err != nil {
		return 0, err
	}
	unit := map[string]int64{"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}[strings.ToLower(parts[3])]
	if n > (1<<62)/unit {
		return 0, fmt.Errorf("%w: no disk holds %s", ErrOptions, text)
	}
	if n *= unit; parts[2] != "" {
		n /= 10
	}
	return n, nil
}
