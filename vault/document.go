package vault

import _ "embed"

// FormatDocument describes every byte that is stored: it comes with the program, because who needs it may have nothing else.
//
//go:embed FORMAT.md
var FormatDocument []byte
